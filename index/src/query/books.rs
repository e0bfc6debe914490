//! What is for sale: applications, and the book of each.

use alloy::primitives::FixedBytes;
use muster_client::protocol::TESTER_APPLICATION;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{Page, PageSize};
use super::values::{ApplicationName, Wei};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::query_error::QueryError;

/// The most workers of a book that an answer counts.
const MAX_COUNTED: u32 = 2_000;

/// An application with workers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicationSummary {
    /// Its name.
    pub application: ApplicationName,
    /// How many workers are in its book; at most 2,000 are counted.
    pub listed: u32,
    /// The lowest price in its book, in wei per tick; none if the book is empty.
    pub lowest_price: Option<Wei>,
}

/// The workers of a book that have one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BookLevel {
    /// Wei per tick.
    pub price: Wei,
    /// How many workers have this price.
    pub workers: u32,
    /// How many agreements they can take now.
    pub free: u32,
}

/// The applications that workers have registered for, those of testers apart, by name. `after` is [`Page::next`] of the page before.
///
/// # Errors
/// [`IndexError::Query`] if the page is out of range; [`IndexError::Database`].
pub fn applications(
    transaction: &mut dyn Transaction,
    market: MarketId,
    limit: Option<u32>,
    after: Option<&str>,
) -> Result<Page<ApplicationSummary>, IndexError> {
    let size = PageSize::of_all(limit)?;
    let parse = |text: &str| text.parse().map_err(|_| QueryError::Cursor(text.into()));
    let mut last: Option<FixedBytes<8>> = after.map(parse).transpose()?;
    let mut all = Vec::new();
    // From each application to the next one in the order of the index, whatever the number of workers.
    for _ in 0..size.rows_to_read() {
        let mut filter = Filter::new(market.0);
        filter.and_some("application > {}", last);
        let tester = filter.add(FixedBytes::from(TESTER_APPLICATION));
        let conditions = filter.sql();
        let sql = format!(
            "SELECT application FROM workers WHERE {conditions} AND application <> {tester} ORDER BY application LIMIT 1"
        );
        let Some(row) = transaction.first(&sql, &filter.values)? else { break };
        let application = row.get(0)?;
        last = Some(application);
        all.push(summary(transaction, market, application)?);
    }
    Ok(Page::of(all, size, |found| found.application.0.to_string(), Some))
}

/// An application.
fn summary(
    transaction: &mut dyn Transaction,
    market: MarketId,
    application: FixedBytes<8>,
) -> Result<ApplicationSummary, IndexError> {
    let key = values![market.0, application, MAX_COUNTED];
    let sql = "SELECT count(*) FROM (SELECT 1 FROM workers WHERE market = ?1 AND application = ?2 AND listed = 1 LIMIT ?3) AS found";
    let listed = transaction.first(sql, &key)?.unwrap_or_default().get(0)?;
    let sql = "SELECT price FROM workers WHERE market = ?1 AND application = ?2 AND listed = 1 ORDER BY price, number LIMIT 1";
    let lowest = transaction.first(sql, &values![market.0, application])?;
    let lowest_price = lowest.map(|row| row.get(0)).transpose()?.map(Wei);
    Ok(ApplicationSummary { application: ApplicationName(application), listed, lowest_price })
}

/// The book of an application by price, the cheapest first: its 2,000 cheapest workers.
///
/// # Errors
/// [`IndexError::Database`].
pub fn book(
    transaction: &mut dyn Transaction,
    market: MarketId,
    application: FixedBytes<8>,
) -> Result<Vec<BookLevel>, IndexError> {
    let sql = "SELECT price, active, capacity FROM workers WHERE market = ?1 AND application = ?2 AND listed = 1 \
        ORDER BY price, number LIMIT ?3";
    let mut levels: Vec<BookLevel> = Vec::new();
    for row in transaction.query(sql, &values![market.0, application, MAX_COUNTED])? {
        let (price, active, capacity) = (Wei(row.get(0)?), row.get::<u16>(1)?, row.get::<u16>(2)?);
        let free = u32::from(capacity.saturating_sub(active));
        match levels.last_mut().filter(|level| level.price == price) {
            Some(level) => {
                level.workers = level.workers.saturating_add(1);
                level.free = level.free.saturating_add(free);
            }
            None => levels.push(BookLevel { price, workers: 1, free }),
        }
    }
    Ok(levels)
}
