//! `settle`: computes medians from the reports, pay and fees from the medians, and sends all wei to the
//! dispatcher in one call. Anyone may call it, and no participant can make it revert.

use muster_contract_kit::{Args, ArrayItems, Reverted, emit, host};
use muster_protocol::abi::IWorkAgreement::Closed;
use muster_protocol::abi::{Fee, State, WorkerResult};
use muster_protocol::layout::WorkerTerms;
use muster_protocol::money::{self, Judgement};
use muster_protocol::shares::Measurement;
use muster_protocol::{MAX_REDUNDANCY, MAX_SEATS};
use stylus_sdk::alloy_primitives::Address;

use crate::dispatcher::Conclusion;
use crate::shares::{Drawn, Shares};
use crate::state::Agreement;

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

/// Decodes the hints of a call, each once, so that a malformed word reverts here.
pub(crate) fn read_hints(args: &mut Args) -> Result<ArrayItems<u32>, Reverted> {
    let hints: ArrayItems<u32> = args.array(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    for hint in hints {
        hint?;
    }
    Ok(hints)
}

/// `settle(uint32[])`.
pub(crate) fn settle(args: &mut Args) -> Result<(), Reverted> {
    let hints = read_hints(args)?;
    let mut agreement = Agreement::load()?;
    agreement.require_state(State::Due)?;
    let void = agreement.progress.start == 0;
    let (state, closed) = if void { (State::Void, 2) } else { (State::Settled, 1) };
    agreement.progress.closed = closed;
    agreement.save();
    emit(&Closed { state });

    let mut fees = SeatFees { fees: [Fee { place: 0, amount: 0, seats: 0 }; MAX_SEATS], len: 0 };
    let mut results = [const { WorkerResult::absent(Address::ZERO) }; MAX_REDUNDANCY];
    let (drawn, shares) = (agreement.draw(), Shares::load(&agreement.terms));
    for ((index, worker), result) in (0_u8..).zip(agreement.terms.workers()).zip(&mut results) {
        result.account = worker.account;
        if agreement.course.has_accepted(index) {
            judge_worker(&agreement, (&drawn, &shares), (index, worker), result, &mut fees);
        }
    }
    let conclusion = Conclusion {
        terms: &agreement.terms,
        settled: agreement.unsettled(),
        freed: agreement.occupied(),
        last: true,
        results: &results,
        fees: fees.fees.get(..fees.len).unwrap_or_default(),
    };
    conclusion.send(host::balance(host::this()), hints)
}

/// Judges a worker that accepted by the shares that the drawn seats reported, pays the seats near the medians,
/// and fills in its result.
fn judge_worker(
    agreement: &Agreement,
    (drawn, shares): (&Drawn, &Shares),
    (index, worker): (u8, &WorkerTerms),
    result: &mut WorkerResult,
    fees: &mut SeatFees,
) {
    let (terms, course) = (&agreement.terms, &agreement.course);
    let mut measurement = Measurement::default();
    for (window, seats) in (0..course.windows(terms)).zip(&drawn.0) {
        let judged = course.judged_ticks(terms, index, window);
        let finished = judged == course.window_ticks(terms, window);
        let ticks = judged.end.saturating_sub(judged.start);
        let reported = (0..).zip(seats.places()).filter_map(|(seat, place)| {
            shares.get(index, window, seat).map(|share| (place, share))
        });
        let best = shares.stored_best(index, window).saturating_sub(1);
        let all = reported.clone().map(|(_, share)| share);
        let Some(median) = measurement.add(ticks, finished, all, best) else { continue };
        for (place, _) in reported.filter(|(_, share)| median.pays(*share)) {
            fees.pay(place, worker.fee);
            result.fees = result.fees.saturating_add(worker.fee);
        }
    }
    let Measurement { finished, paid, measured, best, known } = measurement;
    (result.accepted, result.resigned) = (true, course.has_resigned(index));
    (result.ticks, result.known) = (course.judged_length(terms, index), known);
    result.uptime = measured.basis_points();
    result.pay = money::pay(worker.price, finished, worker.promise, paid);
    let judgement = Judgement { best, ticks: result.ticks, resigned: result.resigned };
    result.slash = money::slash(worker.bond, terms.header.length, worker.promise, &judgement);
}
