//! The views of an agreement.

use muster_contract_kit::{AbiArray, AbiBytes, AbiEncode, Args, Reverted, revert};
use muster_protocol::abi::IWorkAgreement::WindowUnknown;
use muster_protocol::abi::State;
use muster_protocol::draw::SEAT_CAPACITY;
use muster_protocol::layout::MAX_TERMS;
use muster_protocol::lifecycle::length_after_cancel;
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes, U256};

use crate::dispatcher;
use crate::shares::Shares;
use crate::state::{Agreement, Progress};

/// `client()`.
pub(crate) fn client(_: &mut Args) -> Result<Address, Reverted> {
    Ok(Agreement::load()?.terms.header.client)
}

/// `workers()`.
pub(crate) fn workers(_: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let terms = Agreement::load()?.terms;
    Ok((AbiArray(
        (0..terms.header.redundancy)
            .map(move |index| terms.worker(index).map_or(Address::ZERO, |worker| worker.account)),
    ),))
}

/// A window of the terms.
fn known_window(agreement: &Agreement, window: U256) -> Result<u8, Reverted> {
    let windows = agreement.terms.header.windows;
    let known = u8::try_from(window).ok().filter(|window| *window < windows);
    known.ok_or_else(|| revert(&WindowUnknown { window, windows }))
}

/// `testers(uint256)`.
pub(crate) fn testers(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let window: U256 = args.next()?;
    let agreement = Agreement::load()?;
    let header = &agreement.terms.header;
    let window = known_window(&agreement, window)?;
    let mut found = [(Address::ZERO, B256::ZERO); SEAT_CAPACITY];
    let mut count = 0_usize;
    for (place, to) in agreement.seats(window).places().zip(&mut found) {
        let account = dispatcher::tester_at(header, place)?;
        *to = (account, dispatcher::key_of(header, account)?);
        count = count.saturating_add(1);
    }
    let seats = found.into_iter().take(count);
    Ok((AbiArray(seats.clone().map(|(account, _)| account)), AbiArray(seats.map(|(_, key)| key))))
}

/// `price()`.
pub(crate) fn price(_: &mut Args) -> Result<u128, Reverted> {
    // At most eight prices below 2^96 cannot saturate.
    Ok(Agreement::load()?.terms.workers().fold(0, |sum, worker| sum.saturating_add(worker.price)))
}

/// `redundancy()`.
pub(crate) fn redundancy(_: &mut Args) -> Result<u8, Reverted> {
    Ok(Agreement::load()?.terms.header.redundancy)
}

/// `application()`.
pub(crate) fn application(_: &mut Args) -> Result<FixedBytes<8>, Reverted> {
    Ok(Agreement::load()?.terms.header.application)
}

/// `end()`.
pub(crate) fn end(_: &mut Args) -> Result<u64, Reverted> {
    let agreement = Agreement::load()?;
    Ok(agreement.course.times(&agreement.terms).end())
}

/// `state()`.
pub(crate) fn state(_: &mut Args) -> Result<State, Reverted> {
    let agreement = Agreement::load()?;
    Ok(agreement.state(agreement.now()))
}

/// `progress()`.
pub(crate) fn progress(_: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let Agreement { progress, course, .. } = Agreement::load()?;
    let Progress { start, seed, accepted, resigned, released, freed, .. } = progress;
    let mut limbs = [0; 4];
    for (limb, [low, high]) in limbs.iter_mut().zip(course.left.as_chunks().0) {
        *limb = u64::from(*high).wrapping_shl(32) | u64::from(*low);
    }
    let left = U256::from_limbs(limbs);
    Ok((start, seed, accepted, resigned, released, freed, course.planned, left))
}

/// `openCalls()`.
pub(crate) fn open_calls(_: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let agreement = Agreement::load()?;
    let (now, times) = (agreement.now(), agreement.course.times(&agreement.terms));
    let (state, last_accept, end) = (agreement.state(now), times.last_accept(), times.end());
    let running = state == State::Running;
    let elapsed = u32::try_from(now.saturating_sub(times.start)).unwrap_or(u32::MAX);
    let cancelled = length_after_cancel(&agreement.terms.header, elapsed);
    let freed = if running { 0 } else { agreement.occupied() };
    let started = times.start != 0 && !matches!(state, State::Settled | State::Void);
    let unaccepted = agreement.absent();
    let calls = [
        matches!(state, State::Offered | State::Running) && now <= last_accept && unaccepted != 0,
        running && cancelled < times.length,
        running && agreement.progress.accepted & !agreement.progress.resigned != 0,
        started && now > last_accept && agreement.absent() | freed != 0,
        state == State::Reporting,
        state == State::Due,
    ];
    let open =
        calls.into_iter().rev().fold(0_u8, |bits, open| bits.wrapping_shl(1) | u8::from(open));
    let due = if times.start == 0 {
        last_accept.saturating_add(1)
    } else {
        end.saturating_add(times.report_window.into())
    };
    Ok((now, open, last_accept, end, due))
}

/// `shares(uint8,uint256)`.
pub(crate) fn shares(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let (index, window): (u8, U256) = (args.next()?, args.next()?);
    let agreement = Agreement::load()?;
    let window = known_window(&agreement, window)?;
    let shares = Shares::load(&agreement.terms);
    let known = index < agreement.terms.header.redundancy;
    let best = if known { shares.stored_best(index, window) } else { 0 };
    let testers = if known { agreement.terms.header.testers } else { 0 };
    let mut seats = [0; SEAT_CAPACITY];
    for (seat, to) in (0..testers).zip(&mut seats) {
        *to = shares.stored(index, window, seat);
    }
    Ok((best, AbiArray(seats.into_iter().take(testers.into()))))
}

/// The encoded terms.
struct EncodedTerms {
    /// The bytes; the first `len` are in use.
    bytes: [u8; MAX_TERMS],
    /// Number of bytes.
    len: usize,
}

impl AbiEncode for EncodedTerms {
    const DYNAMIC: bool = true;

    fn encode(&self, out: &mut muster_contract_kit::output::OutputBuffer) {
        AbiBytes(self.bytes.get(..self.len).unwrap_or_default()).encode(out);
    }
}

/// `terms()`.
pub(crate) fn terms(_: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let mut bytes = [0; MAX_TERMS];
    let len = Agreement::load()?.terms.encode(&mut bytes);
    Ok((EncodedTerms { bytes, len },))
}
