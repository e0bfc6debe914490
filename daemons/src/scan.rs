//! Finding the agreements that concern a daemon, among everything that is bought.

use muster_client::protocol::abi::IWorkerDispatcher::ContractBought;
use muster_client::{Head, Market, MarketError};

use crate::error::DaemonError;
use crate::store::Store;

/// Blocks that are searched at once: nodes answer no larger questions.
const MAX_BLOCK_RANGE: u64 = 10_000;

/// Where the search stands, by name, in the state file.
const PURCHASES_CURSOR: &str = "bought";

/// Searches nothing that is there already, unless it was begun before.
pub(crate) async fn skip_history(market: &Market, store: &Store) -> Result<(), DaemonError> {
    if store.cursor(PURCHASES_CURSOR)?.is_none() {
        let head = market.node().head().await?;
        store.record_scan(PURCHASES_CURSOR, head.number, head.hash, &[])?;
    }
    Ok(())
}

/// Searches the blocks that came since the last time, from `first` on at the earliest, and writes down the
/// agreements that are `ours`. If the chain moved back meanwhile, they are searched again; what was found in
/// blocks that are gone stays written down, in case that they come back.
pub(crate) async fn scan_purchases(
    market: &Market,
    store: &Store,
    first: u64,
    is_ours: impl Fn(&ContractBought) -> bool,
) -> Result<(), DaemonError> {
    let (mut from, head) = match store.cursor(PURCHASES_CURSOR)? {
        None => (first, market.node().head().await?),
        Some((number, hash)) => {
            let last_head = Head { number, hash, ..Head::default() };
            match market.node().head_after(&last_head).await {
                Ok(head) if head.number == number => return Ok(()),
                Ok(head) => (number.saturating_add(1), head),
                Err(MarketError::Reorg { .. }) => {
                    let head = market.node().head().await?;
                    // A node that is a few blocks behind looks the same: that must not cost a whole search.
                    let near = head.number.saturating_sub(MAX_BLOCK_RANGE);
                    (if head.number < number { near.max(first) } else { first }, head)
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let mut found = Vec::new();
    while from <= head.number {
        let to = from.saturating_add(MAX_BLOCK_RANGE).min(head.number);
        let bought = market.purchases(from, to).await?;
        found.extend(bought.iter().filter(|bought| is_ours(bought)).map(|bought| bought.agreement));
        from = to.saturating_add(1);
    }
    Ok(store.record_scan(PURCHASES_CURSOR, head.number, head.hash, &found)?)
}
