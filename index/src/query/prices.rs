//! Prices that were really paid.

use alloy::primitives::FixedBytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::values::Wei;
use crate::database::{DatabaseError, Row, Transaction, values};
use crate::day::{day_of, day_start};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::query_error::QueryError;

/// The most days of an answer.
pub const MAX_DAYS: u64 = 92;

/// The prices that workers of an application were hired for on a day, in wei per tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayPrices {
    /// The Unix second with which the day begins, in UTC.
    pub day: u64,
    /// How many workers were hired.
    pub count: u64,
    /// The lowest price.
    pub min: Wei,
    /// A quarter of the workers had at most this price.
    pub lower_quartile: Wei,
    /// Half of the workers had at most this price.
    pub median: Wei,
    /// Three quarters of the workers had at most this price.
    pub upper_quartile: Wei,
    /// The highest price.
    pub max: Wei,
}

/// The prices of the days from the one of Unix second `from` to that of `to`, oldest first. Days without purchases are left out.
///
/// # Errors
/// [`IndexError::Query`] if these are more than [`MAX_DAYS`], or none; [`IndexError::Database`].
pub fn prices(
    transaction: &mut dyn Transaction,
    market: MarketId,
    application: FixedBytes<8>,
    from: u64,
    to: u64,
) -> Result<Vec<DayPrices>, IndexError> {
    let (first, last) = (day_of(from), day_of(to));
    if last < first || last.saturating_sub(first) >= MAX_DAYS {
        return Err(QueryError::Days { from: first, to: last, most: MAX_DAYS }.into());
    }
    let sql = "SELECT day, count(*) FROM seats WHERE market = ?1 AND application = ?2 AND day >= ?3 AND day <= ?4 \
        GROUP BY day ORDER BY day";
    let days = transaction.query(sql, &values![market.0, application, first, last])?;
    let day_of_row = |row: &Row| Ok::<_, DatabaseError>((row.get(0)?, row.get(1)?));
    days.iter().map(|row| day_prices(transaction, market, application, day_of_row(row)?)).collect()
}

/// The prices of a day on which `count` workers were hired, at least one.
fn day_prices(
    transaction: &mut dyn Transaction,
    market: MarketId,
    application: FixedBytes<8>,
    (day, count): (u64, u64),
) -> Result<DayPrices, IndexError> {
    // The nearest rank, from 0: the smallest price that so many quarters of the prices do not exceed.
    let rank = |quarters: u64| count.saturating_mul(quarters).div_ceil(4).saturating_sub(1);
    // Each price is looked for from the end of the day's prices that is closer: together they pass as many rows as the day has.
    let upper = count.saturating_sub(1).saturating_sub(rank(3));
    let price = |order: &str, skipped: &str| {
        format!(
            "(SELECT price FROM seats WHERE market = ?1 AND application = ?2 AND day = ?3 \
                ORDER BY {order} LIMIT 1 OFFSET {skipped})"
        )
    };
    let sql = format!(
        "SELECT {}, {}, {}, {}, {}",
        price("price", "0"),
        price("price", "?4"),
        price("price", "?5"),
        price("price DESC", "?6"),
        price("price DESC", "0"),
    );
    let key = values![market.0, application, day, rank(1), rank(2), upper];
    let row = transaction.first(&sql, &key)?.unwrap_or_default();
    let at = |column| row.get(column).map(Wei);
    Ok(DayPrices {
        day: day_start(day),
        count,
        min: at(0)?,
        lower_quartile: at(1)?,
        median: at(2)?,
        upper_quartile: at(3)?,
        max: at(4)?,
    })
}
