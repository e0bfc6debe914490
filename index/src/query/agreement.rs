//! One agreement: its terms, what was measured, who is owed what, and what can be called.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::Reported;
use muster_client::protocol::course::has;
use muster_client::{Progress, WindowShares, window_shares};
use serde::Serialize;
use utoipa::ToSchema;

use super::agreement_calls::{OpenCall, open_calls};
use super::agreement_list::{AgreementSummary, summary, tick_after};
use super::payments::{Payment, expected_payments, made_payments};
use super::values::{Account, Wei};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::index::head;
use crate::market_id::MarketId;
use crate::projection::{AgreementRow, Record};

/// What the seats of a window reported of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WindowReport {
    /// The window, from 0.
    pub window: u8,
    /// The ticks for which the worker is judged.
    pub ticks: u32,
    /// Whether these are all ticks of the window.
    pub finished: bool,
    /// The served share in twelfths that counts; none if no seat reported.
    pub share: Option<u8>,
    /// What each seat reported.
    pub seats: Vec<SeatReport>,
}

/// What a seat reported of a worker in a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeatReport {
    /// Its place in the agreement's list of testers.
    pub place: u32,
    /// The tester.
    pub tester: Account,
    /// The served share in twelfths.
    pub share: u8,
    /// Whether the seat is paid, as things are.
    pub paid: bool,
}

/// A worker of an agreement.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgreementWorker {
    /// Its number in the agreement, from 0.
    pub index: u8,
    /// The account.
    pub account: Account,
    /// Wei per tick.
    pub price: Wei,
    /// The promised uptime in basis points.
    pub promise: u16,
    /// What it may lose.
    pub bond: Wei,
    /// The fee of a seat for reporting on it.
    pub fee: Wei,
    /// Whether it accepted.
    pub accepted: bool,
    /// Whether it resigned.
    pub resigned: bool,
    /// Whether it was settled as absent.
    pub released: bool,
    /// Whether its slot is free again.
    pub freed: bool,
    /// What was reported of it, window by window.
    pub windows: Vec<WindowReport>,
}

/// An agreement with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Agreement {
    /// As in lists.
    #[serde(flatten)]
    pub summary: AgreementSummary,
    /// The tick that a transaction after the answer's block finds.
    pub tick: u64,
    /// The block of the purchase.
    pub block: u64,
    /// The tick of the purchase.
    pub purchased: u64,
    /// The last tick in which workers may accept.
    pub accept_until: u64,
    /// The first tick in which it can be settled.
    pub due: u64,
    /// How many windows were bought.
    pub windows: u8,
    /// How many testers each window has.
    pub testers: u8,
    /// The epoch of its list of testers.
    pub tester_epoch: u32,
    /// How many places of that list take part.
    pub tester_pool: u32,
    /// Its workers.
    pub workers: Vec<AgreementWorker>,
    /// Who gets what of whom: what was paid if it is settled; otherwise what would be paid by the reports so far.
    pub payments: Vec<Payment>,
    /// What can be called now, and by whom.
    pub calls: Vec<OpenCall>,
    /// The Unix second in which it was settled; none before.
    pub closed: Option<u64>,
}

/// An agreement by its address; `None` if the market has none there.
///
/// # Errors
/// [`IndexError::Database`].
pub fn agreement(
    transaction: &mut dyn Transaction,
    market: MarketId,
    address: Address,
) -> Result<Option<Agreement>, IndexError> {
    let key = values![market.0, address];
    let row = transaction.first(&AgreementRow::TABLE.select(), &key)?;
    let Some(row) = row.as_ref().map(AgreementRow::from_row).transpose()? else { return Ok(None) };
    let block = head(transaction, market)?.unwrap_or_default();
    let tick = tick_after(&row, &block);
    let progress =
        Progress { course: row.course, seed: row.seed.0, released: row.released, freed: false };
    let reports = reports(transaction, market, address)?;
    let shares = if row.course.start == 0 {
        row.terms.workers().map(|_| Vec::new()).collect()
    } else {
        window_shares(&row.terms, &progress, &reports)
    };
    let payments = if row.outcome == 0 {
        expected_payments(&row, &progress, &shares, &reports)
    } else {
        made_payments(transaction, market, &row)?
    };
    let header = &row.terms.header;
    let times = row.course.times(&row.terms);
    let due = match times.end() {
        0 => times.last_accept().saturating_add(1),
        end => end.saturating_add(header.report_window.into()),
    };
    Ok(Some(Agreement {
        summary: summary(&row, &block),
        tick,
        block: row.block,
        purchased: header.purchased,
        accept_until: times.last_accept(),
        due,
        windows: header.windows,
        testers: header.testers,
        tester_epoch: header.epoch,
        tester_pool: header.pool,
        workers: workers(&row, &shares, &reports),
        payments,
        calls: open_calls(transaction, market, &row, &reports, tick)?,
        closed: (row.outcome != 0).then_some(row.closed),
    }))
}

/// The reports of an agreement.
fn reports(
    transaction: &mut dyn Transaction,
    market: MarketId,
    agreement: Address,
) -> Result<Vec<Reported>, IndexError> {
    let sql = "SELECT tester, place, findings FROM reports WHERE market = ?1 AND agreement = ?2 ORDER BY place";
    let mut all = Vec::new();
    for row in transaction.query(sql, &values![market.0, agreement])? {
        let findings: Vec<u8> = row.get(2)?;
        let (tester, place) = (row.get(0)?, row.get(1)?);
        all.push(Reported { tester, place, findings: findings.into() });
    }
    Ok(all)
}

/// The workers with what was reported of each.
fn workers(
    row: &AgreementRow,
    shares: &[Vec<WindowShares>],
    reports: &[Reported],
) -> Vec<AgreementWorker> {
    let tester = |place: u32| {
        let found = reports.iter().find(|report| report.place == place);
        Account(found.map(|report| report.tester).unwrap_or_default())
    };
    let window = |(window, shares): (u8, &WindowShares)| {
        let paid = shares.paid();
        let seat = |(place, share): &(u32, u8)| SeatReport {
            place: *place,
            tester: tester(*place),
            share: *share,
            paid: paid.contains(place),
        };
        WindowReport {
            window,
            ticks: shares.ticks,
            finished: shares.finished,
            share: shares.median(),
            seats: shares.seats.iter().map(seat).collect(),
        }
    };
    let all = (0..).zip(row.terms.workers()).zip(shares);
    all.map(|((index, worker), shares)| AgreementWorker {
        index,
        account: Account(worker.account),
        price: Wei(worker.price),
        promise: worker.promise,
        bond: Wei(worker.bond),
        fee: Wei(worker.fee),
        accepted: row.course.has_accepted(index),
        resigned: row.course.has_resigned(index),
        released: has(row.released, index),
        freed: has(row.freed, index),
        windows: (0..).zip(shares).map(window).collect(),
    })
    .collect()
}
