//! `settle`: computes verdicts from the reports, pay and fees from the verdicts, and sends all wei to the
//! dispatcher in one call. Anyone may call it, and no participant can make it revert.

use muster_contract_kit::{Args, ArrayItems, Reverted, emit, host};
use muster_protocol::abi::IWorkAgreement::Closed;
use muster_protocol::abi::{Fee, State, WorkerResult};
use muster_protocol::draw::{Seats, WINDOW_CAPACITY};
use muster_protocol::layout::WorkerTerms;
use muster_protocol::money::{self, Judgement};
use muster_protocol::verdict::{Verdict, judge};
use muster_protocol::{MAX_REDUNDANCY, MAX_SEATS, MAX_TESTERS};
use stylus_sdk::alloy_primitives::Address;

use crate::dispatcher;
use crate::state::{Agreement, REPORTS, ReportLayout};

/// The fees of the places of the tester list.
struct SeatFees {
    /// Fees in the order of the first seat; no place appears twice.
    fees: [Fee; MAX_SEATS],
    /// Number of entries in use.
    len: usize,
}

impl SeatFees {
    /// Adds the fee of one seat at `place`.
    fn pay(&mut self, place: u32, amount: u128) {
        let entry = self.fees.iter_mut().take(self.len).find(|fee| fee.place == place);
        if let Some(fee) = entry {
            fee.amount = fee.amount.saturating_add(amount);
            fee.seats = fee.seats.saturating_add(1);
        } else if let Some(fee) = self.fees.get_mut(self.len) {
            *fee = Fee { place, amount, seats: 1 };
            self.len = self.len.saturating_add(1);
        }
    }
}

/// `settle(uint32[])`.
pub(crate) fn settle(args: &mut Args) -> Result<(), Reverted> {
    let hints: ArrayItems<u32> = args.array(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    for hint in hints {
        hint?;
    }
    let mut agreement = Agreement::load()?;
    agreement.require_state(State::Due)?;
    let void = agreement.progress.start == 0;
    let (state, closed) = if void { (State::Void, 2) } else { (State::Settled, 1) };
    agreement.progress.closed = closed;
    agreement.save();
    emit(&Closed { state });

    let mut fees = SeatFees { fees: [Fee { place: 0, amount: 0, seats: 0 }; MAX_SEATS], len: 0 };
    let mut results = [const { WorkerResult::absent(Address::ZERO) }; MAX_REDUNDANCY];
    let mut drawn = [Seats::default(); WINDOW_CAPACITY];
    for (window, seats) in (0..agreement.windows()).zip(&mut drawn) {
        *seats = agreement.seats(window);
    }
    for ((index, worker), result) in (0_u8..).zip(agreement.terms.workers()).zip(&mut results) {
        judge_worker(&agreement, &drawn, (index, worker), result, &mut fees);
    }
    let fees = fees.fees.iter().take(fees.len);
    let results = results.iter().take(agreement.terms.header.redundancy.into());
    dispatcher::conclude(&agreement.terms, host::balance(host::this()), results, fees, hints)
}

/// Judges one worker by the seats `drawn` for each of its windows, pays the seats of the majorities, and fills
/// in its result.
fn judge_worker(
    agreement: &Agreement,
    drawn: &[Seats],
    (index, worker): (u8, &WorkerTerms),
    result: &mut WorkerResult,
    fees: &mut SeatFees,
) {
    result.account = worker.account;
    result.accepted = agreement.has_accepted(index);
    if !result.accepted {
        return;
    }
    let resigned = agreement.resigned(index);
    let windows = resigned.unwrap_or(u8::MAX).min(agreement.windows());
    let ticks = agreement.terms.ticks(windows);
    let mut judgement = Judgement { ticks, resigned: resigned.is_some(), ..Judgement::default() };
    let layout = agreement.report_layout();
    for (window, seats) in (0..windows).zip(drawn) {
        let votes = seats.places().map(|place| (place, vote(layout, place, index, window)));
        let count = |vote| {
            let agreeing = votes.clone().filter(|(_, cast)| *cast == vote).count();
            u8::try_from(agreeing).unwrap_or(MAX_TESTERS)
        };
        let (served, failed) = (count(Verdict::Served), count(Verdict::Failed));
        let verdict = judge(served, failed);
        judgement.tally.add(verdict);
        if served == 0 && failed >= 2 {
            judgement.certain_failures = judgement.certain_failures.saturating_add(1);
        }
        if verdict != Verdict::Unknown {
            for (place, _) in votes.clone().filter(|(_, cast)| *cast == verdict) {
                fees.pay(place, worker.fee);
                result.fees = result.fees.saturating_add(worker.fee);
            }
        }
    }
    let length = agreement.terms.header.length;
    result.pay = money::pay(worker.price, ticks, worker.promise, judgement.tally);
    result.slash = money::slash(worker.bond, length, worker.promise, &judgement);
    result.resigned = judgement.resigned;
    result.windows = windows;
    result.served = judgement.tally.served;
    result.failed = judgement.tally.failed;
}

/// The vote of one place on one worker in one window.
fn vote(layout: ReportLayout, place: u32, index: u8, window: u8) -> Verdict {
    let (checked, served) = layout.read(&REPORTS.get((place, layout.word(index))), index);
    let bit = |bits: u32| bits.checked_shr(window.into()).unwrap_or(0) & 1 == 1;
    match (bit(checked), bit(served)) {
        (_, true) => Verdict::Served,
        (true, false) => Verdict::Failed,
        (false, false) => Verdict::Unknown,
    }
}
