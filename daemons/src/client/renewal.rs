//! Renewal: the next agreement of a chain is bought before the last one ends, so that work that is longer than one
//! agreement has no gap. An agreement that was cancelled, or that all workers have left, has no successor.

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::Order;
use muster_client::{Agreement, Market, OrderRequest, Progress, Purchase};

use super::purchase::buy_once;
use super::purchase_document::{MAX_ASKED, PurchaseDocument};
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
        let successor = match PurchaseDocument::of_agreement(context, address)? {
            None => {
                let buy = async |market: &Market| {
                    let order = OrderRequest::Custom(order);
                    Ok::<_, DaemonError>(market.buy(&order, self.max_price).await?)
                };
                buy_once(context, &name, buy).await?.agreement
            }
            Some(document) => {
                let hire = async |market: &Market| {
                    self.hire(context, market, &order, &document, address).await
                };
                let successor = buy_once(context, &name, hire).await?.agreement;
                let bought = context.market().agreement(successor).await?;
                document.ensure_order(context, &bought).await?;
                successor
            }
        };
        tracing::info!(agreement = %address, %successor, "agreement renewed");
        Ok(())
    }

    /// Hires the cheapest workers that commit to the document by which `agreement` was bought.
    async fn hire(
        &self,
        context: &DaemonContext,
        market: &Market,
        order: &Order,
        document: &PurchaseDocument,
        agreement: Address,
    ) -> Result<Purchase, DaemonError> {
        let qualified = market.cheapest_workers(order, MAX_ASKED).await?;
        let mut committed = document.committed(context, qualified).await?;
        let (serving, wanted) = (committed.len(), order.redundancy.saturating_to());
        if serving < wanted {
            let PurchaseDocument { application, digest } = document.clone();
            let too_few =
                DaemonError::NoSuccessor { agreement, application, digest, serving, wanted };
            return Err(too_few);
        }
        committed.truncate(wanted);
        let mut numbers: Vec<u32> = committed.iter().map(|(worker, _)| worker.number).collect();
        numbers.sort_unstable();
        let purchase = market.hire(order, &numbers, self.max_price).await?;
        document.save_order(context, &purchase, &committed)?;
        Ok(purchase)
    }
}
