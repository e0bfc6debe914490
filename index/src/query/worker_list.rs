//! Lists of workers and testers.

use std::fmt::Display;

use alloy::primitives::FixedBytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{MAX_ROWS, Page, PageSize, cursor_number, parse_cursor};
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
    /// Whether workers at some places of the list can be none of these.
    const fn is_partial(&self) -> bool {
        self.listed.is_some() || self.free || self.max_price.is_some() || self.min_score.is_some()
    }

    /// Leaves out workers that are none of these, as far as the database can tell: a score falls until it changes again, so the
    /// stored one is the highest.
    fn restrict(&self, filter: &mut Filter) {
        let mut conditions = Vec::new();
        if let Some(listed) = self.listed {
            conditions.push(format!("listed = {}", filter.add(listed)));
        }
        if self.free {
            conditions.push("active < capacity".to_owned());
        }
        if let Some(most) = self.max_price {
            conditions.push(format!("price <= {}", filter.add(most)));
        }
        if let Some(least) = self.min_score {
            conditions.push(format!("score >= {}", filter.add(least)));
        }
        if !conditions.is_empty() {
            // As one expression, for which no index is chosen: rows are read in the order of the list, and never sorted.
            let conditions = conditions.join(" AND ");
            filter.and_that(&format!("CASE WHEN {conditions} THEN 1 ELSE 0 END = 1"));
        }
    }
}

impl WorkerOrder {
    /// The columns that say where a worker is in the list.
    const fn key(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Price => "price, number",
            Self::Score => "score, number",
        }
    }

    /// The order, after `ORDER BY`.
    const fn sql(self) -> &'static str {
        match self {
            Self::Number | Self::Price => self.key(),
            Self::Score => "score DESC, number DESC",
        }
    }

    /// The place in the list of the worker with this number and, unless the list is by number, this price or score.
    fn place(self, key: impl Display, number: u32) -> String {
        match self {
            Self::Number => number.to_string(),
            Self::Price | Self::Score => format!("{key}-{number}"),
        }
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
    let (size, order) = (PageSize::of_all(wanted.limit)?, wanted.order);
    let mut filter = Filter::new(market.0);
    filter.and_some("application = {}", wanted.application);
    if order != WorkerOrder::Number {
        if wanted.application.is_none() {
            return Err(QueryError::NoApplication.into());
        }
        filter.and("listed = {}", wanted.listed.unwrap_or(true));
    }
    if let Some(after) = &wanted.after {
        bound(&mut filter, order, after, Bound::After)?;
    }
    let mut limited = filter.clone();
    match order {
        WorkerOrder::Number => {}
        WorkerOrder::Price => limited.and_some("price <= {}", wanted.max_price),
        WorkerOrder::Score => limited.and_some("score >= {}", wanted.min_score),
    }
    let end = if wanted.is_partial() { end_of_rows(transaction, &limited, order)? } else { None };
    // One end alone: the database stops reading at one, and leaves out what is behind another row by row.
    let mut filter = if let Some(end) = &end {
        bound(&mut filter, order, end, Bound::UpTo)?;
        filter
    } else {
        limited
    };
    wanted.restrict(&mut filter);
    let limit = filter.add(size.rows_to_read());
    let (columns, conditions) = (WorkerRow::TABLE.columns.join(", "), filter.sql());
    let order_by = order.sql();
    let sql = format!(
        "SELECT {columns} FROM workers WHERE {conditions} ORDER BY {order_by} LIMIT {limit}"
    );
    let second = head(transaction, market)?.map_or(0, |head| head.time);
    let rows = transaction.query(&sql, &filter.values)?;
    let rows = rows.iter().map(WorkerRow::from_row).collect::<Result<Vec<_>, _>>()?;
    let cursor = |row: &WorkerRow| match order {
        WorkerOrder::Number | WorkerOrder::Price => order.place(row.price, row.number),
        WorkerOrder::Score => order.place(row.score, row.number),
    };
    let page = Page::of(rows, size, cursor, |row| {
        let worker = Worker::of(&row, second);
        wanted.min_score.is_none_or(|least| worker.score >= least).then_some(worker)
    });
    Ok(page.or_next(end))
}

/// The place of the last row that is looked through for a page of those that match; `None` if the list ends before.
fn end_of_rows(
    transaction: &mut dyn Transaction,
    filter: &Filter,
    order: WorkerOrder,
) -> Result<Option<String>, IndexError> {
    let mut filter = filter.clone();
    let skipped = filter.add(MAX_ROWS.saturating_sub(1));
    let (key, conditions, order_by) = (order.key(), filter.sql(), order.sql());
    // The row after it tells whether the list goes on.
    let sql = format!(
        "SELECT {key} FROM workers WHERE {conditions} ORDER BY {order_by} LIMIT 2 OFFSET {skipped}"
    );
    let rows = transaction.query(&sql, &filter.values)?;
    let [last, _] = rows.as_slice() else { return Ok(None) };
    Ok(Some(match order {
        WorkerOrder::Number => order.place("", last.get(0)?),
        WorkerOrder::Price => order.place(last.get::<u128>(0)?, last.get(1)?),
        WorkerOrder::Score => order.place(last.get::<u16>(0)?, last.get(1)?),
    }))
}

/// A side of a place in a list.
#[derive(Clone, Copy, Debug)]
enum Bound {
    /// What comes after the place.
    After,
    /// The place and what comes before it.
    UpTo,
}

/// Leaves out what is on the other side of this place of the list.
fn bound(
    filter: &mut Filter,
    order: WorkerOrder,
    place: &str,
    bound: Bound,
) -> Result<(), QueryError> {
    let compare = match (bound, order) {
        (Bound::After, WorkerOrder::Number | WorkerOrder::Price) => ">",
        (Bound::After, WorkerOrder::Score) => "<",
        (Bound::UpTo, WorkerOrder::Number | WorkerOrder::Price) => "<=",
        (Bound::UpTo, WorkerOrder::Score) => ">=",
    };
    if order == WorkerOrder::Number {
        let [number] = parse_cursor(place)?;
        filter.and(&format!("number {compare} {{}}"), cursor_number::<u32>(number, place)?);
        return Ok(());
    }
    let [key, number] = parse_cursor(place)?;
    let number = filter.add(cursor_number::<u32>(number, place)?);
    let key = if order == WorkerOrder::Price {
        filter.add(key)
    } else {
        filter.add(cursor_number::<u16>(key, place)?)
    };
    filter.and_that(&format!("({}) {compare} ({key}, {number})", order.key()));
    Ok(())
}
