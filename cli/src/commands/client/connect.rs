//! `muster client connect`: a door on this machine to the service of an agreement.

use std::net::SocketAddr;

use alloy::primitives::Address;
use clap::Args;
use muster_daemons::Role;
use muster_daemons::client::{ConnectDaemon, ConnectOptions, fetch_endpoints};

use super::run::RefundOptions;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// What to connect to, and how.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// The agreement
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::DaemonOptions,

    /// What comes back, and when.
    #[command(flatten)]
    refunds: RefundOptions,

    /// Address and port at which the service is to be had here, for HTTP and WebSocket; port 0 is any free one.
    /// Whoever reaches it uses the service
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Path that workers are asked for once in every window, as testers do
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse::url_path)]
    page: Box<str>,

    /// Print where the workers serve and the tokens to show there, and end: whoever sees that uses the service
    #[arg(long, conflicts_with_all = ["listen", "page"])]
    print: bool,
}

/// Connects, until it is told to end or the agreement is settled.
pub(super) async fn run(context: &Context, options: ConnectArgs) -> Result<(), CliError> {
    let ConnectArgs { agreement, daemon, refunds, listen, page, print } = options;
    let name = format!("connect-{agreement}");
    let (daemon_context, mut facts) =
        daemon::named_daemon_context(context, &daemon, Role::Client, &name).await?;
    if print {
        let endpoints = fetch_endpoints(&daemon_context, agreement).await?;
        let Some(first) = endpoints.first() else { return Err(CliError::NoEndpoint(agreement)) };
        let page = CommandOutput::new([
            ("agreement", Cell::text(agreement)),
            ("session", Cell::text(first.session)),
        ]);
        let rows = endpoints.iter().map(|endpoint| {
            vec![
                Cell::count(endpoint.index),
                Cell::text(endpoint.worker),
                Cell::text(endpoint.url.expose_secret()),
                Cell::text(endpoint.token.expose_secret()),
            ]
        });
        let columns = ["worker", "account", "url", "token"];
        return context.print(&page.table(Table::new("entrances", columns, rows)));
    }
    facts.push(("agreement", Cell::text(agreement)));
    facts.push(("account", Cell::text(daemon_context.account())));
    let options = ConnectOptions { listen, probe_path: page, client: refunds.client_options(0) };
    let mut connection = ConnectDaemon::start(daemon_context, agreement, options).await?;
    facts.push(("proxy", Cell::Text(format!("http://{}", connection.address()))));
    let ended = connection.ended();
    daemon::run(context, daemon.health, &mut connection, facts, ended).await
}
