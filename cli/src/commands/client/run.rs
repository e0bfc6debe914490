//! `muster client run`: a client that is left alone.

use std::time::Duration;

use clap::Args;
use muster_daemons::Role;
use muster_daemons::client::{ClientDaemon, ClientOptions};

use crate::context::Context;
use crate::daemon::{self, PayoutOptions};
use crate::error::CliError;
use crate::output::Cell;

/// What comes back, and when.
#[derive(Debug, Args)]
pub(super) struct RefundOptions {
    /// Where they go.
    #[command(flatten)]
    payouts: PayoutOptions,

    /// Seconds that others have to settle first, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    courtesy: u64,
}

impl RefundOptions {
    /// As the daemon takes it, with agreements searched from a block on.
    pub(super) const fn client_options(&self, first_block: u64) -> ClientOptions {
        let settle_delay = Duration::from_secs(self.courtesy);
        ClientOptions {
            only_agreement: None,
            payout: self.payouts.payout(),
            settle_delay,
            first_block,
        }
    }
}

/// How it is all done.
#[derive(Debug, Args)]
pub(crate) struct ClientRunOptions {
    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::DaemonOptions,

    /// What comes back, and when.
    #[command(flatten)]
    refunds: RefundOptions,

    /// First block in which to look for agreements of the account if the state file is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// Attends all agreements of the account until it is told to end.
pub(super) async fn run(context: &Context, options: ClientRunOptions) -> Result<(), CliError> {
    let (daemon_context, mut facts) =
        daemon::daemon_context(context, &options.daemon, Role::Client).await?;
    facts.push(("account", Cell::text(daemon_context.account())));
    let mut client =
        ClientDaemon::start(daemon_context, options.refunds.client_options(options.from_block))
            .await?;
    daemon::run(context, options.daemon.health, &mut client, facts, std::future::pending()).await
}
