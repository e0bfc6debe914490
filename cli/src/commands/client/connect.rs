//! `muster client connect`: a door on this machine to the service of an agreement.

use std::net::SocketAddr;

use alloy::primitives::Address;
use clap::Args;
use muster_daemons::Role;
use muster_daemons::buyer::{ConnectOptions, Connection, entrances};
use muster_messaging::ExposeSecret;

use super::run::Refunds;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::output::{Cell, Page, Rows};
use crate::parse;

/// What to connect to, and how.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The agreement
    #[arg(value_parser = parse::contract)]
    agreement: Address,

    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::Options,

    /// What comes back, and when.
    #[command(flatten)]
    refunds: Refunds,

    /// Address and port at which the service is to be had here, for HTTP and WebSocket; port 0 is any free one.
    /// Whoever reaches it uses the service
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Path that workers are asked for once in every window, as testers do
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse::path)]
    page: Box<str>,

    /// Print where the workers serve and the tokens to show there, and end: whoever sees that uses the service
    #[arg(long, conflicts_with_all = ["listen", "page"])]
    print: bool,
}

/// Connects, until it is told to end or the agreement is settled.
pub(super) async fn run(context: &Context, options: Connect) -> Result<(), CliError> {
    let Connect { agreement, daemon, refunds, listen, page, print } = options;
    let name = format!("connect-{agreement}");
    let (base, mut facts) = daemon::named(context, &daemon, Role::Client, &name).await?;
    if print {
        let entrances = entrances(&base, agreement).await?;
        let Some(first) = entrances.first() else { return Err(CliError::NoEntrance(agreement)) };
        let page = Page::new([
            ("agreement", Cell::text(agreement)),
            ("session", Cell::text(first.session)),
        ]);
        let rows = entrances.iter().map(|entrance| {
            vec![
                Cell::count(entrance.index),
                Cell::text(entrance.worker),
                Cell::text(entrance.url.expose_secret()),
                Cell::text(entrance.token.expose_secret()),
            ]
        });
        let columns = ["worker", "account", "url", "token"];
        return context.print(&page.table(Rows::new("entrances", columns, rows)));
    }
    facts.push(("agreement", Cell::text(agreement)));
    facts.push(("account", Cell::text(base.account())));
    let options = ConnectOptions { listen, page, buyer: refunds.options(0) };
    let mut connection = Connection::start(base, agreement, options).await?;
    facts.push(("proxy", Cell::Text(format!("http://{}", connection.address()))));
    let ended = connection.ended();
    daemon::run(context, daemon.health, &mut connection, facts, ended).await
}
