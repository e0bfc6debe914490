//! `muster client run`: a client that is left alone.

use std::time::Duration;

use clap::Args;
use muster_daemons::Role;
use muster_daemons::buyer::{Buyer, BuyerOptions};

use crate::context::Context;
use crate::daemon::{self, Payouts};
use crate::error::CliError;
use crate::output::Cell;

/// What comes back, and when.
#[derive(Debug, Args)]
pub(super) struct Refunds {
    /// Where they go.
    #[command(flatten)]
    payouts: Payouts,

    /// Seconds that others have to settle first, at most
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    courtesy: u64,
}

impl Refunds {
    /// As the daemon takes it, with agreements searched from a block on.
    pub(super) const fn options(&self, first_block: u64) -> BuyerOptions {
        let courtesy = Duration::from_secs(self.courtesy);
        BuyerOptions { only: None, payout: self.payouts.payout(), courtesy, first_block }
    }
}

/// How it is all done.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::Options,

    /// What comes back, and when.
    #[command(flatten)]
    refunds: Refunds,

    /// First block in which to look for agreements of the account if the state file is new
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,
}

/// Attends all agreements of the account until it is told to end.
pub(super) async fn run(context: &Context, options: Run) -> Result<(), CliError> {
    let (base, mut facts) = daemon::base(context, &options.daemon, Role::Client).await?;
    facts.push(("account", Cell::text(base.account())));
    let mut buyer = Buyer::start(base, options.refunds.options(options.from_block)).await?;
    daemon::run(context, options.daemon.health, &mut buyer, facts, std::future::pending()).await
}
