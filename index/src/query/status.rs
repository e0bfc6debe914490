//! Which markets are indexed, and up to which block.

use alloy::primitives::Address;
use serde::Serialize;
use utoipa::ToSchema;

use super::values::{Account, Hash};
use crate::batch::Block;
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::index::head;
use crate::market_id::MarketId;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlockRef {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
    /// Its Unix second.
    pub time: u64,
}

impl From<Block> for BlockRef {
    fn from(block: Block) -> Self {
        Self { number: block.number, hash: Hash(block.hash), time: block.time }
    }
}

/// A market, and the block of which an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketHead {
    /// The market in the index.
    pub id: MarketId,
    /// The market's contract.
    pub market: Account,
    /// The block up to which it is indexed; `None` before the first.
    pub head: Option<BlockRef>,
}

/// A market in an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
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
    /// How many events there are.
    pub events: u64,
}

/// The markets, in the order in which they were added.
///
/// # Errors
/// [`IndexError::Database`].
pub fn status(transaction: &mut dyn Transaction) -> Result<Vec<MarketStatus>, IndexError> {
    let sql = "SELECT id, chain, dispatcher, created_block, head, hash, time, coalesce(total, 0) \
        FROM markets LEFT JOIN blocks ON market = id AND number = head ORDER BY id";
    let rows = transaction.query(sql, &[])?;
    let mut all = Vec::new();
    for row in rows {
        all.push(MarketStatus {
            id: MarketId(row.get(0)?),
            chain_id: row.get(1)?,
            market: Account(row.get(2)?),
            created_at: row.get(3)?,
            head: row.get(4)?,
            head_hash: row.get::<Option<_>>(5)?.map(Hash),
            head_time: row.get(6)?,
            events: row.get(7)?,
        });
    }
    Ok(all)
}

/// The market with this contract, or the first one; `None` if there is none.
///
/// # Errors
/// [`IndexError::Database`].
pub fn find_market(
    transaction: &mut dyn Transaction,
    market: Option<Address>,
) -> Result<Option<MarketHead>, IndexError> {
    let row = match market {
        Some(market) => {
            let sql =
                "SELECT id, dispatcher FROM markets WHERE dispatcher = ?1 ORDER BY id LIMIT 1";
            transaction.first(sql, &values![market])?
        }
        None => transaction.first("SELECT id, dispatcher FROM markets ORDER BY id LIMIT 1", &[])?,
    };
    let Some(row) = row else { return Ok(None) };
    let (id, market) = (MarketId(row.get(0)?), Account(row.get(1)?));
    Ok(Some(MarketHead { id, market, head: head_of(transaction, id)? }))
}

/// The block up to which a market is indexed; `None` before the first.
pub(super) fn head_of(
    transaction: &mut dyn Transaction,
    market: MarketId,
) -> Result<Option<BlockRef>, IndexError> {
    let head = head(transaction, market)?;
    Ok(head.map(|block| BlockRef {
        number: block.number,
        hash: Hash(block.hash),
        time: block.time,
    }))
}
