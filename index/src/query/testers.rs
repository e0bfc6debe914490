//! Testers.

use alloy::primitives::{Address, FixedBytes};
use muster_client::protocol::TESTER_APPLICATION;
use muster_client::protocol::abi::{Clock, Settings};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::Filter;
use super::page::{Page, PageSize, cursor_number, parse_cursor};
use super::values::{Account, Wei};
use crate::batch::Block;
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::index::{head, market_identity};
use crate::market_id::MarketId;
use crate::projection::{AccountRow, Record, WorkerRow};

/// A tester.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Tester {
    /// The account.
    pub account: Account,
    /// Its number among all workers and testers.
    pub number: u32,
    /// Its bond.
    pub stake: Wei,
    /// The current epoch.
    pub epoch: u32,
    /// The last epoch whose list it is in; 0 = none.
    pub last_epoch: u32,
    /// The epoch from which on its bond is free.
    pub free_from: u32,
    /// In how many lists it was.
    pub lists: u32,
    /// How many reports it made.
    pub reports: u32,
    /// What it was paid.
    pub fees: Wei,
}

/// A tester by its account; `None` if it is none.
///
/// # Errors
/// [`IndexError::Database`].
pub fn tester(
    transaction: &mut dyn Transaction,
    market: MarketId,
    account: Address,
) -> Result<Option<Tester>, IndexError> {
    let row = transaction.first(&WorkerRow::TABLE.select(), &values![market.0, account])?;
    let row = row.as_ref().map(WorkerRow::from_row).transpose()?;
    let Some(row) = row.filter(|row| row.application.0 == TESTER_APPLICATION) else {
        return Ok(None);
    };
    let settings = market_identity(transaction, market)?.settings;
    let block = head(transaction, market)?.unwrap_or_default();
    Ok(Some(tester_of(transaction, market, &row, &settings, &block)?))
}

/// A list of testers, the first registered first. `after` is [`Page::next`] of the page before.
///
/// # Errors
/// [`IndexError::Query`] if the page is out of range; [`IndexError::Database`].
pub fn testers(
    transaction: &mut dyn Transaction,
    market: MarketId,
    limit: Option<u32>,
    after: Option<&str>,
) -> Result<Page<Tester>, IndexError> {
    let size = PageSize::of_all(limit)?;
    let mut filter = Filter::new(market.0);
    filter.and("application = {}", FixedBytes::from(TESTER_APPLICATION));
    if let Some(after) = after {
        let [number] = parse_cursor(after)?;
        filter.and("number > {}", cursor_number::<u32>(number, after)?);
    }
    let place = filter.add(size.rows_to_read());
    let (columns, conditions) = (WorkerRow::TABLE.columns.join(", "), filter.sql());
    let sql =
        format!("SELECT {columns} FROM workers WHERE {conditions} ORDER BY number LIMIT {place}");
    let settings = market_identity(transaction, market)?.settings;
    let block = head(transaction, market)?.unwrap_or_default();
    let mut all = Vec::new();
    for row in transaction.query(&sql, &filter.values)? {
        let row = WorkerRow::from_row(&row)?;
        all.push(tester_of(transaction, market, &row, &settings, &block)?);
    }
    Ok(Page::of(all, size, |tester| tester.number.to_string(), Some))
}

/// A tester, as a transaction after this block finds it.
fn tester_of(
    transaction: &mut dyn Transaction,
    market: MarketId,
    row: &WorkerRow,
    settings: &Settings,
    block: &Block,
) -> Result<Tester, IndexError> {
    let money = transaction.first(&AccountRow::TABLE.select(), &values![market.0, row.account])?;
    let money = money.as_ref().map(AccountRow::from_row).transpose()?.unwrap_or_default();
    let tick =
        if settings.clock == Clock::Second { block.time } else { block.number.saturating_add(1) };
    let epoch = tick.checked_div(settings.epochLength.into()).unwrap_or(0);
    let locked = u32::from(settings.lockEpochs).saturating_add(1);
    let free_from = match row.last_epoch {
        0 => 0,
        last => last.saturating_add(locked),
    };
    Ok(Tester {
        account: Account(row.account),
        number: row.number,
        stake: Wei(row.stake),
        epoch: u32::try_from(epoch).unwrap_or(u32::MAX),
        last_epoch: row.last_epoch,
        free_from,
        lists: row.lists,
        reports: row.reports,
        fees: Wei(money.fees),
    })
}
