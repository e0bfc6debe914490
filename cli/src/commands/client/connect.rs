//! `muster client connect`: a local proxy to the service of an agreement.

use std::net::SocketAddr;

use alloy::primitives::Address;
use clap::Args;
use muster_daemons::Role;
use muster_daemons::client::{ConnectDaemon, ConnectOptions, fetch_endpoints};
use muster_messaging::ExposeSecret;

use crate::application::DocumentArg;
use crate::commands::client::document_order::ensure_order;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::daemon::DaemonOptions;
use crate::options::heading;
use crate::options::refund::RefundOptions;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster client connect`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client connect 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:cleo --listen 127.0.0.1:8090"
)]
pub(crate) struct Options {
    /// Agreement to connect to
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// State file and health.
    #[command(flatten)]
    daemon: DaemonOptions,

    /// Where refunds go.
    #[command(flatten)]
    refunds: RefundOptions,

    /// Address and port of the local proxy, for HTTP and WebSocket; port 0 is any free one. Whoever reaches it uses the
    /// service
    #[arg(long, value_name = "IP:PORT", value_parser = parse::socket_address, default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Paths with which workers are probed, as testers do, each time one at random; testers should use the same ones
    #[arg(long, value_name = "PATH", default_value = "/", value_parser = parse::url_path)]
    page: Vec<Box<str>>,

    /// Document of the application, by which the agreement must have been bought [default: as its order file says, if there
    /// is one]
    #[arg(long, value_name = "FILE|URL")]
    application: Option<DocumentArg>,

    /// Print the URLs and tokens of the workers, and exit; whoever sees them uses the service
    #[arg(long, conflicts_with_all = ["listen", "page"])]
    print: bool,
}

/// Connects until SIGINT or SIGTERM, or until the agreement is settled.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { agreement, daemon, refunds, listen, page, application, print } = options;
    let name = format!("connect-{agreement}");
    let (daemon_context, mut fields) =
        daemon::named_daemon_context(context, &daemon, Role::Client, &name).await?;
    if let (Some(document), Some(orders)) = (application, daemon_context.orders()) {
        let bought = daemon_context.market().agreement(agreement).await?;
        ensure_order(context, orders, &bought, &document.read().await?).await?;
    }
    if print {
        let endpoints = fetch_endpoints(&daemon_context, agreement).await?;
        let Some(first) = endpoints.first() else { return Err(CliError::NoEndpoint(agreement)) };
        let output = CommandOutput::new([
            ("agreement", Cell::address(agreement)),
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
        let columns = ["index", "account", "url", "token"];
        return context.print(&output.table(Table::new("entrances", columns, rows)));
    }
    fields.push(("agreement", Cell::address(agreement)));
    fields.push(("account", Cell::address(daemon_context.account())));
    let options = ConnectOptions {
        listen,
        probe_paths: page,
        proxy: context.proxy().cloned(),
        client: refunds.client_options(0),
    };
    let run = (daemon.health, daemon_context.backoff());
    let mut connection = ConnectDaemon::start(daemon_context, agreement, options).await?;
    fields.push(("proxy", Cell::Text(format!("http://{}", connection.address()))));
    let ended = connection.ended();
    daemon::run(context, run, &mut connection, fields, ended).await
}
