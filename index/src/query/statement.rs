//! What an account got and paid, entry by entry.

use alloy::primitives::Address;
use muster_client::PaymentKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{Page, PageSize, cursor_number, parse_cursor};
use super::values::{Account, Hash, Wei};
use crate::database::{DatabaseError, Row, Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;

/// The entries of a page, unless another number is asked for, and the most of them.
const MAX_ENTRIES: u32 = 1_000;

/// One amount that an account got or paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatementEntry {
    /// The Unix second.
    pub time: u64,
    /// The block.
    pub block: u64,
    /// The index of the event in the block.
    pub log_index: u64,
    /// `purchase`, `refund`, `compensation`, `pay`, `slash` or `fees`.
    pub entry: &'static str,
    /// What the account got as credit; 0 if it paid.
    pub income: Wei,
    /// What the account paid, or lost of its stake; 0 if it got something.
    pub cost: Wei,
    /// The agreement.
    pub agreement: Account,
    /// The transaction.
    pub transaction: Hash,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatementFilter {
    /// From this Unix second on.
    pub from: Option<u64>,
    /// Before this Unix second.
    pub to: Option<u64>,
    /// The most of them.
    pub limit: Option<u32>,
    /// After this place: [`Page::next`] of the page before.
    pub after: Option<String>,
}

/// The entries of an account, oldest first.
///
/// # Errors
/// [`IndexError::Query`] if the page is out of range; [`IndexError::Database`].
pub fn statement(
    transaction: &mut dyn Transaction,
    market: MarketId,
    account: Address,
    wanted: &StatementFilter,
) -> Result<Page<StatementEntry>, IndexError> {
    let size = PageSize::within(wanted.limit.unwrap_or(MAX_ENTRIES), MAX_ENTRIES)?;
    let mut filter = Filter::new(market.0);
    filter.and("account = {}", account);
    for (second, condition) in [(wanted.from, "block >= {}"), (wanted.to, "block < {}")] {
        let Some(second) = second else { continue };
        filter.and(condition, first_block(transaction, market, second)?);
    }
    if let Some(after) = &wanted.after {
        let mut places = Vec::new();
        for number in parse_cursor::<3>(after)? {
            places.push(filter.add(cursor_number::<u64>(number, after)?));
        }
        filter.and_that(&format!("(block, log_index, position) > ({})", places.join(", ")));
    }
    let place = filter.add(size.rows_to_read());
    let conditions = filter.sql();
    let sql = format!(
        "SELECT time, block, log_index, position, kind, amount, agreement, transaction_hash FROM entries \
         WHERE {conditions} ORDER BY block, log_index, position LIMIT {place}"
    );
    let mut rows = Vec::new();
    for row in transaction.query(&sql, &filter.values)? {
        let position: u64 = row.get(3)?;
        rows.push((position, entry(&row)?));
    }
    let cursor = |(position, entry): &(u64, StatementEntry)| {
        format!("{}-{}-{position}", entry.block, entry.log_index)
    };
    Ok(Page::of(rows, size, cursor, |(_, entry)| Some(entry)))
}

/// The first block with events that is not before this Unix second; if there is none, one after all.
fn first_block(
    transaction: &mut dyn Transaction,
    market: MarketId,
    second: u64,
) -> Result<u64, IndexError> {
    let sql =
        "SELECT number FROM blocks WHERE market = ?1 AND time >= ?2 ORDER BY time, number LIMIT 1";
    let row = transaction.first(sql, &values![market.0, second])?;
    Ok(row.map_or(Ok(u64::MAX), |row| row.get(0))?)
}

/// An entry of a row.
fn entry(row: &Row) -> Result<StatementEntry, DatabaseError> {
    let (kind, amount) = (row.get::<PaymentKind>(4)?, Wei(row.get(5)?));
    let (income, cost) = if kind.is_income() { (amount, Wei(0)) } else { (Wei(0), amount) };
    Ok(StatementEntry {
        time: row.get(0)?,
        block: row.get(1)?,
        log_index: row.get(2)?,
        entry: kind.name(),
        income,
        cost,
        agreement: Account(row.get(6)?),
        transaction: Hash(row.get(7)?),
    })
}
