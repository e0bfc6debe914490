//! `muster client run`: the client as a daemon.

use clap::Args;
use muster_daemons::Role;
use muster_daemons::client::ClientDaemon;

use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::daemon::DaemonOptions;
use crate::options::heading;
use crate::options::refund::RefundOptions;
use crate::output::Cell;

/// Options of `muster client run`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client run --account dev:cleo --health 127.0.0.1:9100"
)]
pub(crate) struct Options {
    /// State file and health.
    #[command(flatten)]
    daemon: DaemonOptions,

    /// Where refunds go.
    #[command(flatten)]
    refunds: RefundOptions,

    /// First block in which to look for the account's agreements if the state file is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// Does the client's part in all agreements of the account until SIGINT or SIGTERM.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (daemon_context, mut fields) =
        daemon::daemon_context(context, &options.daemon, Role::Client).await?;
    fields.push(("account", Cell::text(daemon_context.account())));
    let mut client =
        ClientDaemon::start(daemon_context, options.refunds.client_options(options.from_block))
            .await?;
    daemon::run(context, options.daemon.health, &mut client, fields, std::future::pending()).await
}
