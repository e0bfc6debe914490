//! What an operator chooses about a tester.

use muster_messaging::ProxyUrl;
use tokio::time::Duration;

use super::reference_runner::ReferenceOptions;
use crate::checks::Checks;
use crate::context::Payout;

/// What an operator chooses about a tester.
#[derive(Clone, Debug)]
pub struct TesterOptions {
    /// How the service of each application is checked.
    pub checks: Checks,
    /// What jobs may take that the tester runs to know their results.
    pub reference: ReferenceOptions,
    /// The longest time of a probe that counts as served. Workers do not see it: the request goes on behind it, as long as
    /// that of a client would. A job must be taken within
    /// this time; its result may come a minute later, and four times what the job took here.
    pub probe_timeout: Duration,
    /// The proxy for connections to services, if there is one. Without one, workers may know a tester by its address.
    pub proxy: Option<ProxyUrl>,
    /// Where fees go, and when.
    pub payout: Payout,
    /// The block from which on purchases are scanned, if the state file is new and the account is registered.
    pub first_block: u64,
    /// Whether it stops checking in and takes its bond back.
    pub leave: bool,
}
