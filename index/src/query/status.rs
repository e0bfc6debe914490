//! Which markets are indexed, and up to which block.

use serde::Serialize;

use super::values::{Account, Hash};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;

/// A market in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarketStatus {
    /// The market in the index.
    #[serde(skip)]
    pub id: MarketId,
    /// The chain's id.
    pub chain_id: u64,
    /// The market's contract.
    pub market: Account,
    /// The block in which it was created.
    pub created_at: u64,
    /// The block up to which it is indexed; `None` before the first.
    pub head: Option<u64>,
    /// The hash of that block.
    pub head_hash: Option<Hash>,
    /// The Unix second of that block.
    pub head_time: Option<u64>,
    /// How many blocks have events.
    pub blocks: u64,
    /// How many events there are.
    pub events: u64,
}

/// The markets, in the order in which they were added.
///
/// # Errors
/// [`IndexError::Database`].
pub fn status(transaction: &mut dyn Transaction) -> Result<Vec<MarketStatus>, IndexError> {
    let sql = "SELECT id, chain, dispatcher, created_block, head, hash, time \
        FROM markets LEFT JOIN blocks ON market = id AND number = head ORDER BY id";
    let rows = transaction.query(sql, &[])?;
    let mut all = Vec::new();
    for row in rows {
        let id: i64 = row.get(0)?;
        let sql = "SELECT count(*), CAST(coalesce(sum(events), 0) AS INTEGER) FROM blocks WHERE market = ?1 AND events > 0";
        let counts = transaction.first(sql, &values![id])?.unwrap_or_default();
        all.push(MarketStatus {
            id: MarketId(id),
            chain_id: row.get(1)?,
            market: Account(row.get(2)?),
            created_at: row.get(3)?,
            head: row.get(4)?,
            head_hash: row.get::<Option<_>>(5)?.map(Hash),
            head_time: row.get(6)?,
            blocks: counts.get(0)?,
            events: counts.get(1)?,
        });
    }
    Ok(all)
}
