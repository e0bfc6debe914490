//! Which calls of an agreement are open, and to whom.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::abi::State;
use muster_client::protocol::course::has;
use muster_client::protocol::lifecycle::length_after_cancel;
use muster_client::window_seats;
use serde::Serialize;
use utoipa::ToSchema;

use super::agreement_list::state_at;
use super::values::Account;
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::MarketId;
use crate::projection::AgreementRow;

/// A call that can be made now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OpenCall {
    /// `accept`, `cancel`, `resign`, `release`, `report` or `settle`.
    pub call: &'static str,
    /// Whether any account may.
    pub anyone: bool,
    /// The accounts that may, if not all.
    pub by: Vec<Account>,
}

impl OpenCall {
    /// A call of these accounts.
    fn of(call: &'static str, by: impl IntoIterator<Item = Address>) -> Self {
        Self { call, anyone: false, by: by.into_iter().map(Account).collect() }
    }

    /// A call of everybody.
    const fn of_anyone(call: &'static str) -> Self {
        Self { call, anyone: true, by: Vec::new() }
    }
}

/// The calls that are open in a tick, as the contract decides it.
pub(super) fn open_calls(
    transaction: &mut dyn Transaction,
    market: MarketId,
    row: &AgreementRow,
    reports: &[Reported],
    tick: u64,
) -> Result<Vec<OpenCall>, IndexError> {
    let (terms, course) = (&row.terms, &row.course);
    let state = state_at(row, tick);
    let times = course.times(terms);
    let workers = |is_one: &dyn Fn(u8) -> bool| -> Vec<Address> {
        let all = (0..).zip(terms.workers()).filter(|(index, _)| is_one(*index));
        all.map(|(_, worker)| worker.account).collect()
    };
    let absent = workers(&|index| !course.has_accepted(index) && !has(row.released, index));
    let occupied = workers(&|index| !has(row.freed, index));
    let staying = workers(&|index| course.has_accepted(index) && !course.has_resigned(index));
    let (is_open, is_running) = (row.outcome == 0, state == State::Running);
    let mut calls = Vec::new();
    if is_open && tick <= times.last_accept() && !absent.is_empty() {
        calls.push(OpenCall::of("accept", absent.clone()));
    }
    let elapsed = u32::try_from(tick.saturating_sub(course.start)).unwrap_or(u32::MAX);
    if is_running && length_after_cancel(&terms.header, elapsed) < times.length {
        calls.push(OpenCall::of("cancel", [terms.header.client]));
    }
    if is_running && !staying.is_empty() {
        calls.push(OpenCall::of("resign", staying));
    }
    let is_releasable = !absent.is_empty() || (!is_running && !occupied.is_empty());
    if is_open && course.start != 0 && tick > times.last_accept() && is_releasable {
        calls.push(OpenCall::of_anyone("release"));
    }
    if state == State::Reporting {
        let testers = missing_testers(transaction, market, row, reports)?;
        calls.push(OpenCall::of("report", testers));
    }
    if state == State::Due {
        calls.push(OpenCall::of_anyone("settle"));
    }
    Ok(calls)
}

/// The testers that hold a seat and have not reported.
fn missing_testers(
    transaction: &mut dyn Transaction,
    market: MarketId,
    row: &AgreementRow,
    reports: &[Reported],
) -> Result<BTreeSet<Address>, IndexError> {
    let windows = 0..u32::from(row.course.windows(&row.terms));
    let places: BTreeSet<_> =
        windows.flat_map(|window| window_seats(&row.terms, &row.seed.0, window)).collect();
    let sql = "SELECT tester FROM places WHERE market = ?1 AND epoch = ?2 AND place = ?3";
    let mut testers = BTreeSet::new();
    for place in places {
        if reports.iter().any(|report| report.place == place) {
            continue;
        }
        let key = values![market.0, row.terms.header.epoch, place];
        if let Some(found) = transaction.first(sql, &key)? {
            testers.insert(found.get(0)?);
        }
    }
    Ok(testers)
}
