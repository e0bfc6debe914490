//! Options of daemons that do the client's part: refunds and settlement.

use std::time::Duration;

use clap::Args;
use muster_daemons::client::ClientOptions;

use crate::clock;
use crate::options::daemon::PayoutOptions;
use crate::options::heading;

/// Where refunds go, and when the daemon settles.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct RefundOptions {
    /// Where refunds go.
    #[command(flatten)]
    payouts: PayoutOptions,

    /// Seconds to wait at most for somebody else to settle an agreement that is due
    #[arg(long = "courtesy", value_name = "SECONDS|TIME", value_parser = clock::seconds, default_value_t = 10)]
    settle_delay: u64,
}

impl RefundOptions {
    /// As the daemon takes it, which looks for agreements from `first_block` on.
    pub(crate) const fn client_options(&self, first_block: u64) -> ClientOptions {
        let settle_delay = Duration::from_secs(self.settle_delay);
        ClientOptions::new(self.payouts.payout(), settle_delay, first_block)
    }
}
