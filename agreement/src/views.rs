//! The views of an agreement.

use muster_contract_kit::{AbiArray, AbiBytes, AbiEncode, Args, Reverted, revert};
use muster_protocol::abi::IWorkAgreement::WindowUnknown;
use muster_protocol::abi::State;
use muster_protocol::draw::SEAT_CAPACITY;
use muster_protocol::layout::MAX_TERMS;
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes, U256};

use crate::dispatcher;
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

/// `testers(uint256)`.
pub(crate) fn testers(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let window: U256 = args.next()?;
    let agreement = Agreement::load()?;
    let header = &agreement.terms.header;
    let known = u8::try_from(window).ok().filter(|window| *window < header.windows);
    let window = known.ok_or_else(|| revert(&WindowUnknown { window, windows: header.windows }))?;
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
    Ok(Agreement::load()?.times().end())
}

/// `state()`.
pub(crate) fn state(_: &mut Args) -> Result<State, Reverted> {
    let agreement = Agreement::load()?;
    Ok(agreement.state(agreement.now()))
}

/// `progress()`.
pub(crate) fn progress(_: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let agreement = Agreement::load()?;
    let Progress { start, seed, accepted, resigned, .. } = agreement.progress;
    Ok((start, seed, accepted, agreement.windows(), resigned))
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
