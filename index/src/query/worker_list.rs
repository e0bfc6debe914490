//! Lists of workers and testers.

use alloy::primitives::FixedBytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{Page, PageSize, cursor_number, parse_cursor};
use super::workers::Worker;
use crate::database::Transaction;
use crate::error::IndexError;
use crate::index::head;
use crate::market_id::MarketId;
use crate::projection::{Record, WorkerRow};
use crate::query_error::QueryError;

/// The order of a list of workers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkerOrder {
    /// By number: the first registered first.
    #[default]
    Number,
    /// By price: the cheapest first.
    Price,
    /// By the score as it was when it changed last: the best first.
    Score,
}

/// Which workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerFilter {
    /// Of this application alone. Orders by price and score need it.
    pub application: Option<FixedBytes<8>>,
    /// Those in their books, or the others. Orders by price and score are of those in books, unless this says otherwise.
    pub listed: Option<bool>,
    /// Those with a free place alone.
    pub free: bool,
    /// Those whose price in wei per tick is this at most.
    pub max_price: Option<u128>,
    /// Those whose score in basis points is this at least.
    pub min_score: Option<u16>,
    /// The order.
    pub order: WorkerOrder,
    /// The most of them.
    pub limit: Option<u32>,
    /// After this place in the list: [`Page::next`] of the page before.
    pub after: Option<String>,
}

impl WorkerFilter {
    /// Whether a worker is one of these.
    fn includes(&self, worker: &Worker) -> bool {
        self.listed.is_none_or(|listed| worker.listed == listed)
            && (!self.free || worker.active < worker.capacity)
            && self.max_price.is_none_or(|most| worker.price.0 <= most)
            && self.min_score.is_none_or(|least| worker.score >= least)
    }

    /// Whether the database can leave out workers that are none of these.
    const fn is_partial(&self) -> bool {
        self.listed.is_some() || self.free || self.max_price.is_some() || self.min_score.is_some()
    }
}

/// A list of workers and testers.
///
/// # Errors
/// [`IndexError::Query`] if the order needs an application, or the page is out of range; [`IndexError::Database`].
pub fn workers(
    transaction: &mut dyn Transaction,
    market: MarketId,
    wanted: &WorkerFilter,
) -> Result<Page<Worker>, IndexError> {
    let size = PageSize::of_all(wanted.limit)?;
    let size = if wanted.is_partial() { size.some_of() } else { size };
    let mut filter = Filter::new(market.0);
    filter.and_some("application = {}", wanted.application);
    if wanted.order != WorkerOrder::Number {
        if wanted.application.is_none() {
            return Err(QueryError::NoApplication.into());
        }
        filter.and("listed = {}", wanted.listed.unwrap_or(true));
    }
    let order = match wanted.order {
        WorkerOrder::Number => "number",
        WorkerOrder::Price => {
            filter.and_some("price <= {}", wanted.max_price);
            "price, number"
        }
        WorkerOrder::Score => {
            // A score only falls until it changes again, so the stored one is the highest.
            filter.and_some("score >= {}", wanted.min_score);
            "score DESC, number DESC"
        }
    };
    if let Some(after) = &wanted.after {
        begin_after(&mut filter, wanted.order, after)?;
    }
    let place = filter.add(size.rows_to_read());
    let columns = WorkerRow::TABLE.columns.join(", ");
    let conditions = filter.sql();
    let sql =
        format!("SELECT {columns} FROM workers WHERE {conditions} ORDER BY {order} LIMIT {place}");
    let second = head(transaction, market)?.map_or(0, |head| head.time);
    let rows = transaction.query(&sql, &filter.values)?;
    let rows = rows.iter().map(WorkerRow::from_row).collect::<Result<Vec<_>, _>>()?;
    let cursor = |row: &WorkerRow| match wanted.order {
        WorkerOrder::Number => row.number.to_string(),
        WorkerOrder::Price => format!("{}-{}", row.price, row.number),
        WorkerOrder::Score => format!("{}-{}", row.score, row.number),
    };
    Ok(Page::of(rows, size, cursor, |row| {
        Some(Worker::of(&row, second)).filter(|worker| wanted.includes(worker))
    }))
}

/// Leaves out what is not after this place of the list.
fn begin_after(filter: &mut Filter, order: WorkerOrder, after: &str) -> Result<(), QueryError> {
    if order == WorkerOrder::Number {
        let [number] = parse_cursor(after)?;
        filter.and("number > {}", cursor_number::<u32>(number, after)?);
        return Ok(());
    }
    let [key, number] = parse_cursor(after)?;
    let number = filter.add(cursor_number::<u32>(number, after)?);
    if order == WorkerOrder::Price {
        let key = filter.add(key);
        filter.and_that(&format!("(price, number) > ({key}, {number})"));
    } else {
        let key = filter.add(cursor_number::<u16>(key, after)?);
        filter.and_that(&format!("(score, number) < ({key}, {number})"));
    }
    Ok(())
}
