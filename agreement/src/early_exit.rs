//! `cancel`, `resign` and `release`: the client shortens the agreement, a worker leaves it, and anyone frees
//! what the agreement no longer needs.

use muster_contract_kit::{Args, ArrayItems, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, NothingToRelease,
    Released, Resigned, TooEarlyToRelease, WrongState,
};
use muster_protocol::abi::State;
use muster_protocol::lifecycle::length_after_cancel;

use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::WorkerResult;
use muster_protocol::layout::Terms;
use muster_protocol::money;
use stylus_sdk::alloy_primitives::Address;

use crate::dispatcher::Conclusion;
use crate::settlement::read_hints;
use crate::state::{Agreement, LEFT, Left};

impl Agreement {
    /// The ticks since the start. Reverts unless the agreement is running.
    fn elapsed(&self) -> Result<u32, Reverted> {
        self.require_state(State::Running)?;
        let elapsed = self.now().saturating_sub(self.progress.start);
        Ok(u32::try_from(elapsed).unwrap_or(u32::MAX))
    }
}

/// `cancel()`.
pub(crate) fn cancel(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (header, caller) = (&agreement.terms.header, host::caller());
    if caller != header.client {
        return Err(revert(&NotTheClient { caller }));
    }
    let length = length_after_cancel(header, agreement.elapsed()?);
    let before = agreement.course.times(&agreement.terms);
    if length >= before.length {
        return Err(revert(&CannotShorten { end: before.end() }));
    }
    agreement.progress.length = length;
    agreement.save();
    agreement.course.planned = length;
    let (terms, course) = (&agreement.terms, &agreement.course);
    emit(&Cancelled { windows: course.windows(terms), end: course.times(terms).end() });
    Ok(())
}

/// `resign()`.
pub(crate) fn resign(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (worker, index) = agreement.worker_caller()?;
    if !agreement.course.has_accepted(index) {
        return Err(revert(&NotAccepted { worker }));
    }
    if agreement.course.has_resigned(index) {
        return Err(revert(&AlreadyResigned { worker }));
    }
    let elapsed = agreement.elapsed()?;
    let mut left = if agreement.progress.resigned == 0 { Left::default() } else { LEFT.get(()) };
    left.set(index, elapsed);
    LEFT.set((), &left);
    agreement.progress.resigned |= 1_u8.wrapping_shl(index.into());
    agreement.save();
    emit(&Resigned { worker, index, tick: agreement.now() });
    Ok(())
}

/// The escrow of the workers in `mask`: price and fees of the whole length.
fn escrow_of(terms: &Terms, mask: u8) -> u128 {
    let header = &terms.header;
    let workers =
        (0_u32..).zip(terms.workers()).filter(|(index, _)| mask.wrapping_shr(*index) & 1 == 1);
    workers.fold(0, |sum, (_, worker)| {
        let escrow =
            money::escrow(worker.price, header.length, worker.fee, header.windows, header.testers);
        sum.saturating_add(escrow.unwrap_or(0))
    })
}

/// `release(uint32[])`.
pub(crate) fn release(args: &mut Args) -> Result<(), Reverted> {
    let hints: ArrayItems<u32> = read_hints(args)?;
    let mut agreement = Agreement::load()?;
    let (now, last) = (agreement.now(), agreement.course.times(&agreement.terms).last_accept());
    let state = agreement.state(now);
    if agreement.progress.start == 0 || matches!(state, State::Settled | State::Void) {
        return Err(revert(&WrongState { state }));
    }
    if now <= last {
        return Err(revert(&TooEarlyToRelease { tick: now, last }));
    }
    let absent = agreement.absent();
    let freed = if state == State::Running { absent } else { agreement.occupied() };
    if absent == 0 && freed == 0 {
        return Err(revert(&NothingToRelease {}));
    }
    agreement.progress.released |= absent;
    agreement.progress.freed = state != State::Running;
    agreement.save();
    emit(&Released { absent, freed });
    let escrow = escrow_of(&agreement.terms, absent);
    let mut results = [const { WorkerResult::absent(Address::ZERO) }; MAX_REDUNDANCY];
    for (worker, result) in agreement.terms.workers().zip(&mut results) {
        result.account = worker.account;
    }
    let conclusion = Conclusion {
        terms: &agreement.terms,
        settled: absent,
        freed,
        last: false,
        results: &results,
        fees: &[],
    };
    conclusion.send(escrow, hints)
}
