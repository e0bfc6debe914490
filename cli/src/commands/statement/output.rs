//! A statement as tables and as comma-separated values.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use jiff::Timestamp;

use super::entries::{Entry, Kind};
use crate::clock::{Month, date};
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// The sum of the amounts of these entries.
fn sum<'a>(entries: impl Iterator<Item = &'a Entry>) -> u128 {
    entries.fold(0, |sum, entry| sum.saturating_add(entry.amount))
}

/// Income and costs, sums by kind, and every entry.
pub(super) fn statement_output(
    account: Address,
    month: Month,
    entries: &[Entry],
    times: &BTreeMap<u64, u64>,
) -> CommandOutput {
    let income = sum(entries.iter().filter(|entry| entry.kind.is_income()));
    let costs = sum(entries.iter().filter(|entry| !entry.kind.is_income()));
    let sums = Kind::all().filter_map(|kind| {
        let amount = sum(entries.iter().filter(|entry| entry.kind == kind));
        (amount != 0).then(|| kind_cells(kind, amount))
    });
    let rows = entries.iter().map(|entry| {
        let time = times.get(&entry.block).copied().unwrap_or_default();
        let mut row = vec![Cell::Count(time).noted(date(time)), Cell::Count(entry.block)];
        row.extend(kind_cells(entry.kind, entry.amount));
        row.push(entry.agreement.map_or(Cell::None, Cell::Address));
        row.push(Cell::text(entry.transaction));
        row
    });
    let columns = ["time", "block", "entry", "income", "cost", "agreement", "transaction"];
    CommandOutput::new([
        ("account", Cell::address(account)),
        ("month", Cell::text(month)),
        ("income", Cell::wei(income)),
        ("cost", Cell::wei(costs)),
        ("net", Cell::Difference(income, costs)),
    ])
    .table(Table::new("sums", ["entry", "income", "cost"], sums))
    .table(Table::new("entries", columns, rows))
}

/// The name of a kind, and an amount of it as an income or a cost.
fn kind_cells(kind: Kind, amount: u128) -> Vec<Cell> {
    let (income, cost) = if kind.is_income() {
        (Cell::wei(amount), Cell::None)
    } else {
        (Cell::None, Cell::wei(amount))
    };
    vec![Cell::text(kind.name()), income, cost]
}

/// The entries as comma-separated values: a line for each, after a line with the names.
///
/// # Errors
/// [`CliError::Csv`]
pub(super) fn csv_text(entries: &[Entry], times: &BTreeMap<u64, u64>) -> Result<String, CliError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = ["time", "block", "entry", "income_wei", "cost_wei", "agreement", "transaction"];
    writer.write_record(names)?;
    for entry in entries {
        let second = times.get(&entry.block).and_then(|second| i64::try_from(*second).ok());
        let time = second.and_then(|second| Timestamp::from_second(second).ok());
        let amount = entry.amount.to_string();
        let (income, cost) =
            if entry.kind.is_income() { (amount, String::new()) } else { (String::new(), amount) };
        writer.write_record([
            time.map(|time| time.to_string()).unwrap_or_default(),
            entry.block.to_string(),
            entry.kind.name().to_owned(),
            income,
            cost,
            entry.agreement.map(|agreement| agreement.to_string()).unwrap_or_default(),
            entry.transaction.to_string(),
        ])?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error);
    let bytes = bytes.map_err(CliError::Output)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
