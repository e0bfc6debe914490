//! The index of some markets in one database.

use std::sync::Arc;

use alloy::primitives::Address;
use alloy::sol_types::SolValue;
use muster_client::protocol::abi::Settings;

use crate::batch::{Batch, Block};
use crate::database::{Database, DatabaseError, Row, Transaction, values};
use crate::error::IndexError;
use crate::market_id::{MarketId, MarketIdentity};
use crate::projection::{apply_batch, restore};

/// An index. Clones share the database.
#[derive(Clone, Debug)]
pub struct Index {
    /// The database.
    database: Arc<dyn Database>,
}

impl Index {
    /// The index in this database.
    #[must_use]
    pub fn new(database: impl Database + 'static) -> Self {
        Self { database: Arc::new(database) }
    }

    /// The result of queries that all see the same state: see [`crate::query`].
    ///
    /// # Errors
    /// [`IndexError::Database`], or that of `work`.
    pub fn read<T>(
        &self,
        work: impl FnMut(&mut dyn Transaction) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        self.database.read_with(work)
    }

    /// The result of `work` in a transaction that may write: see [`crate::notices`].
    ///
    /// # Errors
    /// [`IndexError::ReadOnly`], [`IndexError::Database`], or that of `work`.
    pub fn write<T>(
        &self,
        work: impl FnMut(&mut dyn Transaction) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        self.database.write_with(work)
    }

    /// The markets, in the order in which they were added.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub fn markets(&self) -> Result<Vec<(MarketId, MarketIdentity)>, IndexError> {
        self.read(|transaction| {
            let sql = "SELECT id, chain, dispatcher, created_block, created_hash, settings FROM markets ORDER BY id";
            let rows = transaction.query(sql, &[])?;
            rows.iter().map(|row| Ok((MarketId(row.get(0)?), identity(row)?))).collect()
        })
    }

    /// The market, which is added if it is not there.
    ///
    /// # Errors
    /// [`IndexError::OtherMarket`] if the database has another one of the same chain id and address;
    /// [`IndexError::Database`].
    pub fn open_market(&self, ours: &MarketIdentity) -> Result<MarketId, IndexError> {
        self.database.write_with(|transaction| {
            let key = values![ours.chain, ours.dispatcher];
            let select = "SELECT id, created_hash FROM markets WHERE chain = ?1 AND dispatcher = ?2";
            let insert = "INSERT INTO markets (id, chain, dispatcher, created_block, created_hash, settings, head, oldest, rebuilds) \
                SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, ?5, NULL, ?3, 0 FROM markets";
            if transaction.first(select, &key)?.is_none() {
                let settings = ours.settings.abi_encode();
                let hash = ours.created_hash;
                let row = values![ours.chain, ours.dispatcher, ours.created, hash, settings];
                transaction.execute(insert, &row)?;
            }
            let row = transaction.first(select, &key)?.unwrap_or_default();
            let theirs = row.get(1)?;
            if theirs != ours.created_hash {
                let (dispatcher, ours) = (ours.dispatcher, ours.created_hash);
                return Err(IndexError::OtherMarket { dispatcher, theirs, ours });
            }
            Ok(MarketId(row.get(0)?))
        })
    }

    /// The block up to which a market is indexed; `None` before the first.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub fn head(&self, market: MarketId) -> Result<Option<Block>, IndexError> {
        self.read(|transaction| head(transaction, market))
    }

    /// The blocks that the index can go back to, the latest first, `limit` at most.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub fn restorable(
        &self,
        market: MarketId,
        below: u64,
        limit: u64,
    ) -> Result<Vec<Block>, IndexError> {
        self.read(|transaction| {
            let sql = "SELECT number, hash, time FROM blocks WHERE market = ?1 AND number < ?2 \
                AND number >= (SELECT oldest FROM markets WHERE id = ?1) ORDER BY number DESC LIMIT ?3";
            let rows = transaction.query(sql, &values![market.0, below, limit])?;
            Ok(rows.iter().map(block).collect::<Result<_, _>>()?)
        })
    }

    /// Whether an account is an agreement of the market that was bought in an indexed block.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub fn is_agreement(&self, market: MarketId, account: Address) -> Result<bool, IndexError> {
        self.read(|transaction| {
            let sql = "SELECT 1 FROM agreements WHERE market = ?1 AND address = ?2";
            Ok(transaction.first(sql, &values![market.0, account])?.is_some())
        })
    }

    /// Adds blocks with their events: all of them, or nothing if it fails.
    ///
    /// # Errors
    /// [`IndexError::NotNext`] if they do not begin after the last block; [`IndexError::NoTerms`];
    /// [`IndexError::Database`].
    pub fn apply(&self, market: MarketId, batch: &Batch) -> Result<(), IndexError> {
        self.database.write_with(|transaction| {
            let first = match head(transaction, market)? {
                Some(head) => head.number.saturating_add(1),
                None => created(transaction, market)?,
            };
            if batch.from != first {
                return Err(IndexError::NotNext {
                    from: batch.from,
                    head: first.saturating_sub(1),
                });
            }
            apply_batch(transaction, market, batch)
        })
    }

    /// Restores the state after block `number`, which must be one of [`Index::restorable`].
    ///
    /// # Errors
    /// [`IndexError::TooDeep`] if the journal does not reach back so far; [`IndexError::Database`].
    pub fn undo_to(&self, market: MarketId, number: u64) -> Result<(), IndexError> {
        self.database.write_with(|transaction| {
            let sql = "SELECT oldest FROM markets WHERE id = ?1 AND oldest <= ?2 \
                AND EXISTS (SELECT 1 FROM blocks WHERE market = ?1 AND number = ?2)";
            if transaction.first(sql, &values![market.0, number])?.is_none() {
                let sql = "SELECT oldest FROM markets WHERE id = ?1";
                let row = transaction.first(sql, &values![market.0])?.unwrap_or_default();
                return Err(IndexError::TooDeep { oldest: row.get(0)?, wanted: number });
            }
            restore(transaction, market, number)
        })
    }

    /// Removes everything about a market but its identity, so that it is indexed again from its creation.
    ///
    /// # Errors
    /// [`IndexError::Database`].
    pub fn clear(&self, market: MarketId) -> Result<(), IndexError> {
        self.database.write_with(|transaction| crate::projection::clear(transaction, market))
    }
}

/// The block up to which a market is indexed; `None` before the first.
///
/// # Errors
/// [`IndexError::Database`].
pub fn head(
    transaction: &mut dyn Transaction,
    market: MarketId,
) -> Result<Option<Block>, IndexError> {
    let sql = "SELECT number, hash, time FROM blocks JOIN markets ON id = market AND head = number WHERE id = ?1";
    let row = transaction.first(sql, &values![market.0])?;
    Ok(row.as_ref().map(block).transpose()?)
}

/// What tells a market from all others, and its constants.
pub(crate) fn market_identity(
    transaction: &mut dyn Transaction,
    market: MarketId,
) -> Result<MarketIdentity, IndexError> {
    let sql = "SELECT id, chain, dispatcher, created_block, created_hash, settings FROM markets WHERE id = ?1";
    let row = transaction.first(sql, &values![market.0])?.unwrap_or_default();
    Ok(identity(&row)?)
}

/// The block in which a market was created.
fn created(transaction: &mut dyn Transaction, market: MarketId) -> Result<u64, IndexError> {
    let sql = "SELECT created_block FROM markets WHERE id = ?1";
    let row = transaction.first(sql, &values![market.0])?.unwrap_or_default();
    Ok(row.get(0)?)
}

/// A block of a row with number, hash and time.
fn block(row: &Row) -> Result<Block, DatabaseError> {
    Ok(Block { number: row.get(0)?, hash: row.get(1)?, time: row.get(2)? })
}

/// An identity of a row of [`Index::markets`].
fn identity(row: &Row) -> Result<MarketIdentity, DatabaseError> {
    let settings = Settings::abi_decode(&row.get::<Vec<u8>>(5)?);
    let settings =
        settings.map_err(|_| DatabaseError::Damaged { column: 5, expected: "settings" })?;
    Ok(MarketIdentity {
        chain: row.get(1)?,
        dispatcher: row.get(2)?,
        created: row.get(3)?,
        created_hash: row.get(4)?,
        settings,
    })
}
