//! A worker over time.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use muster_client::PaymentKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::values::Wei;
use crate::database::{Transaction, values};
use crate::day::{day_of, day_start};
use crate::error::IndexError;
use crate::market_id::MarketId;

/// The most points of a kind.
const MAX_POINTS: u32 = 2_000;

/// A price that a worker had from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PricePoint {
    /// The Unix second.
    pub time: u64,
    /// The block.
    pub block: u64,
    /// Wei per tick.
    pub price: Wei,
}

/// A score that a worker had at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ScorePoint {
    /// The Unix second.
    pub time: u64,
    /// The block.
    pub block: u64,
    /// In basis points.
    pub score: u16,
}

/// What a worker was paid and lost on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct IncomePoint {
    /// The Unix second with which the day begins, in UTC.
    pub day: u64,
    /// Pay.
    pub pay: Wei,
    /// What it lost of its stake.
    pub slash: Wei,
    /// Fees as a tester.
    pub fees: Wei,
}

/// A worker over time: the latest 2,000 changes of each kind, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerHistory {
    /// Its prices.
    pub prices: Vec<PricePoint>,
    /// Its scores.
    pub scores: Vec<ScorePoint>,
    /// Its income by day, of the latest 2,000 entries of its statement.
    pub income: Vec<IncomePoint>,
}

/// Prices, scores and income of a worker; empty if it has none.
///
/// # Errors
/// [`IndexError::Database`].
pub fn worker_history(
    transaction: &mut dyn Transaction,
    market: MarketId,
    account: Address,
) -> Result<WorkerHistory, IndexError> {
    let key = values![market.0, account, MAX_POINTS];
    let sql = "SELECT time, block, price FROM prices WHERE market = ?1 AND account = ?2 \
        ORDER BY block DESC, log_index DESC LIMIT ?3";
    let mut prices = Vec::new();
    for row in transaction.query(sql, &key)?.iter().rev() {
        prices.push(PricePoint { time: row.get(0)?, block: row.get(1)?, price: Wei(row.get(2)?) });
    }
    let sql = "SELECT time, block, score FROM scores WHERE market = ?1 AND account = ?2 \
        ORDER BY block DESC, log_index DESC LIMIT ?3";
    let mut scores = Vec::new();
    for row in transaction.query(sql, &key)?.iter().rev() {
        scores.push(ScorePoint { time: row.get(0)?, block: row.get(1)?, score: row.get(2)? });
    }
    let sql = "SELECT time, kind, amount FROM entries WHERE market = ?1 AND account = ?2 \
        ORDER BY block DESC, log_index DESC, position DESC LIMIT ?3";
    let mut days: BTreeMap<u64, IncomePoint> = BTreeMap::new();
    for row in transaction.query(sql, &key)? {
        let kind = row.get(1)?;
        if !matches!(kind, PaymentKind::Pay | PaymentKind::Slash | PaymentKind::Fees) {
            continue;
        }
        let time: u64 = row.get(0)?;
        let day = day_start(day_of(time));
        let point = days.entry(day).or_insert(IncomePoint { day, ..IncomePoint::default() });
        let sum = match kind {
            PaymentKind::Pay => &mut point.pay,
            PaymentKind::Slash => &mut point.slash,
            _ => &mut point.fees,
        };
        sum.0 = sum.0.saturating_add(row.get(2)?);
    }
    Ok(WorkerHistory { prices, scores, income: days.into_values().collect() })
}
