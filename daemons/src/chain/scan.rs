//! The search for agreements that concern a daemon, among all purchases.

use muster_client::protocol::abi::IWorkerDispatcher::ContractBought;
use muster_client::{Head, Market, MarketError};

use crate::error::DaemonError;
use crate::store::Store;

/// Blocks in one query: nodes refuse larger ranges.
const MAX_BLOCK_RANGE: u64 = 10_000;

/// The name of the scan's cursor in the state file.
const PURCHASES_CURSOR: &str = "bought";

/// Starts the scan at the latest block, unless it has begun already.
pub(crate) async fn skip_history(market: &Market, store: &Store) -> Result<(), DaemonError> {
    if store.cursor(PURCHASES_CURSOR)?.is_none() {
        let head = market.node().head().await?;
        store.record_scan(PURCHASES_CURSOR, head.number, head.hash, &[])?;
    }
    Ok(())
}

/// Scans the blocks since the last scan, in the first one from block `first` on, and stores the agreements that are
/// `ours`. After a reorg it scans the replaced blocks again. What it found in blocks that are gone stays in the store,
/// because they can come back. Returns the latest block.
pub(crate) async fn scan_purchases(
    market: &Market,
    store: &Store,
    first: u64,
    is_ours: impl Fn(&ContractBought) -> bool,
) -> Result<Head, DaemonError> {
    let first = market.created_at().await?.max(first);
    let (mut from, head) = match store.cursor(PURCHASES_CURSOR)? {
        None => (first, market.node().head().await?),
        Some((number, hash)) => {
            let last_head = Head { number, hash, ..Head::default() };
            match market.node().head_after(&last_head).await {
                Ok(head) if head.number == number => return Ok(head),
                Ok(head) => (number.saturating_add(1), head),
                Err(MarketError::Reorg { .. }) => {
                    let head = market.node().head().await?;
                    // A node that is a few blocks behind looks the same, and must not cost a scan from the start.
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
    store.record_scan(PURCHASES_CURSOR, head.number, head.hash, &found)?;
    Ok(head)
}
