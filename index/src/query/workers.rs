//! Workers and testers.

use alloy::primitives::Address;
use serde::Serialize;
use utoipa::ToSchema;

use super::values::{Account, ApplicationName, Hash, Wei};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::projection::{Record, WorkerRow};

/// A worker or a tester.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Worker {
    /// The account.
    pub account: Account,
    /// 1 for the first registration of the market.
    pub number: u32,
    /// What it serves.
    pub application: ApplicationName,
    /// Its key for messages.
    pub key: Hash,
    /// Wei per tick.
    pub price: Wei,
    /// The longest agreement in ticks.
    pub max_length: u32,
    /// The promised uptime in basis points.
    pub promise: u16,
    /// The most agreements at once.
    pub capacity: u16,
    /// Current agreements.
    pub active: u16,
    /// Whether it takes new agreements.
    pub available: bool,
    /// Whether purchases find it in its book.
    pub listed: bool,
    /// Its stake.
    pub stake: Wei,
    /// The part of the stake that is locked as bonds.
    pub locked: Wei,
    /// How often it was absent, modulo 65,536.
    pub misses: u16,
    /// For a tester: the last epoch whose list it is in; 0 = none.
    pub last_epoch: u32,
    /// The lower bound of its share of good work at the time of the answer's block, in basis points.
    pub score: u16,
    /// The Unix second of its registration.
    pub registered: u64,
}

impl Worker {
    /// A worker at this Unix second.
    pub(super) fn of(row: &WorkerRow, second: u64) -> Self {
        Self {
            account: Account(row.account),
            number: row.number,
            application: ApplicationName(row.application),
            key: Hash(row.message_key),
            price: Wei(row.price),
            max_length: row.max_length,
            promise: row.promise,
            capacity: row.capacity,
            active: row.active,
            available: row.available,
            listed: row.listed,
            stake: Wei(row.stake),
            locked: Wei(row.locked),
            misses: row.misses,
            last_epoch: row.last_epoch,
            score: row.score_at(second),
            registered: row.registered,
        }
    }
}

/// A worker or a tester by its account; `None` if it is not registered.
///
/// # Errors
/// [`IndexError::Database`].
pub fn worker(
    transaction: &mut dyn Transaction,
    market: MarketId,
    account: Address,
) -> Result<Option<Worker>, IndexError> {
    let second = crate::index::head(transaction, market)?.map_or(0, |head| head.time);
    let row = transaction.first(&WorkerRow::TABLE.select(), &values![market.0, account])?;
    let row = row.as_ref().map(WorkerRow::from_row).transpose()?;
    Ok(row.map(|row| Worker::of(&row, second)))
}
