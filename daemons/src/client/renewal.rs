//! Renewal: the next agreement of a chain is bought before the last one ends, so that work that is longer than one
//! agreement has no gap. An agreement that was cancelled, or that all workers have left, has no successor.

use alloy::primitives::U256;
use muster_client::protocol::abi::Order;
use muster_client::{Agreement, Market, OrderRequest, Progress};

use super::purchase::buy_once;
use crate::chain::planned_end;
use crate::context::DaemonContext;
use crate::error::DaemonError;

/// How a client renews its agreements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The most wei that an agreement may cost.
    pub max_price: u128,
    /// The lowest score of a worker.
    pub min_score: u16,
    /// The lowest promised uptime of a worker, in basis points.
    pub min_uptime: u16,
    /// The tick from which on nothing is renewed.
    pub until: u64,
}

impl Renewal {
    /// The tick from which on the successor of an agreement is bought: its workers have as long to accept as the market
    /// gives them. `None` if it has no successor.
    pub(super) fn due(&self, agreement: &Agreement, progress: &Progress) -> Option<u64> {
        let (end, planned) = (agreement.times(progress).end(), planned_end(agreement, progress));
        let lead = agreement.terms().header.accept_window.into();
        (end == planned && end < self.until).then(|| end.saturating_sub(lead))
    }

    /// Buys the successor of an agreement, with the same terms, unless it was bought before.
    pub(super) async fn renew(
        &self,
        context: &DaemonContext,
        agreement: &Agreement,
    ) -> Result<(), DaemonError> {
        let (header, address) = (&agreement.terms().header, agreement.address());
        let order = Order {
            application: header.application,
            redundancy: U256::from(header.redundancy),
            length: U256::from(header.length),
            windows: header.windows,
            testers: header.testers,
            minScore: self.min_score,
            minUptime: self.min_uptime,
            expiry: 0,
            start: 0,
        };
        let name = format!("renewal/{address}");
        let purchase = buy_once(context, &name, async |market: &Market| {
            Ok::<_, DaemonError>(market.buy(&OrderRequest::Custom(order), self.max_price).await?)
        });
        let successor = purchase.await?.agreement;
        tracing::info!(agreement = %address, %successor, "agreement renewed");
        Ok(())
    }
}
