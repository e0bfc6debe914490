//! `muster tester run`: the tester as a daemon.

use clap::Args;
use muster_daemons::Role;
use muster_daemons::tester::{TesterDaemon, TesterOptions};

use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::options::check::CheckOptions;
use crate::options::daemon::{DaemonOptions, PayoutOptions};
use crate::options::heading;
use crate::options::reference::ReferenceArgs;
use crate::output::Cell;

/// Options of `muster tester run`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster tester run --account dev:tom --check factor\n  \
        muster tester run --account dev:tom --application hello.toml\n  \
        muster tester run --account dev:tom --job-memory 512 --job-time 5\n  \
        muster tester run --keystore tom.json --checks checks.toml --health 127.0.0.1:9100"
)]
pub(crate) struct Options {
    /// State file and health.
    #[command(flatten)]
    daemon: DaemonOptions,

    /// How workers are checked.
    #[command(flatten)]
    check: CheckOptions,

    /// What jobs may take that are run here.
    #[command(flatten)]
    reference: ReferenceArgs,

    /// Where fees go.
    #[command(flatten)]
    payouts: PayoutOptions,

    /// First block in which to look for agreements if the account is registered and the state file is lost
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,

    /// Stop checking in, take the bond back after the last list with the account, and exit
    #[arg(long)]
    leave: bool,
}

/// Runs the tester until SIGINT or SIGTERM, or until it has left.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { daemon, check, reference, payouts, from_block, leave } = options;
    let (probe_timeout, checks) = (check.timeout_duration(), check.checks().await?);
    let (role, state) = (Role::Tester, daemon.state.as_deref());
    let (daemon_context, state) =
        context.daemon_context(role, &role.to_string(), state, context.transport()?).await?;
    let daemon_context = daemon.with_interval(daemon_context);
    let run = (daemon.health, daemon_context.backoff());
    let options = TesterOptions {
        probe_timeout,
        checks,
        reference: reference.reference_options(&state),
        proxy: context.proxy().cloned(),
        payout: payouts.payout(),
        first_block: from_block,
        leave,
    };
    let fields = vec![
        ("state", Cell::text(state.display())),
        ("account", Cell::address(daemon_context.account())),
    ];
    let mut tester = TesterDaemon::start(daemon_context, options).await?;
    let left = tester.left();
    daemon::run(context, run, &mut tester, fields, left).await
}
