//! What was measured of all workers.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::database::{Transaction, values};
use crate::day::{day_of, day_start};
use crate::error::IndexError;
use crate::market_id::MarketId;

/// How many of the latest results count.
const MAX_RESULTS: u32 = 5_000;

/// The uptime of all workers whose agreements were settled on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DayUptime {
    /// The Unix second with which the day begins, in UTC.
    pub day: u64,
    /// How many windows of workers were measured.
    pub windows: u64,
    /// Their mean uptime in basis points.
    pub uptime: u16,
}

/// The measured uptime by day, of the latest 5,000 results of workers; oldest first, days without any left out.
///
/// # Errors
/// [`IndexError::Database`].
pub fn uptimes(
    transaction: &mut dyn Transaction,
    market: MarketId,
) -> Result<Vec<DayUptime>, IndexError> {
    let sql = "SELECT time, uptime, known FROM \
        (SELECT block, uptime, known FROM results WHERE market = ?1 ORDER BY block DESC LIMIT ?2) AS latest \
        JOIN blocks ON blocks.market = ?1 AND number = block WHERE known > 0";
    let mut days: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for row in transaction.query(sql, &values![market.0, MAX_RESULTS])? {
        let (time, uptime, known): (u64, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let day = day_start(day_of(time));
        let (windows, sum) = days.entry(day).or_default();
        *windows = windows.saturating_add(known);
        *sum = sum.saturating_add(uptime.saturating_mul(known));
    }
    let mean = |(day, (windows, sum)): (u64, (u64, u64))| DayUptime {
        day,
        windows,
        uptime: sum.checked_div(windows).and_then(|mean| u16::try_from(mean).ok()).unwrap_or(0),
    };
    Ok(days.into_iter().map(mean).collect())
}
