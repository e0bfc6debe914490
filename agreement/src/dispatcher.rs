//! Calls to the dispatcher. No other module calls it.

use muster_contract_kit::{AbiArray, AbiBytes, ArrayItems, Reverted, host, revert, with_calldata};
use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::IWorkAgreement::SettlementFailed;
use muster_protocol::abi::IWorkerDispatcher::{concludeCall, keyOfCall, testerAtCall};
use muster_protocol::abi::{Fee, WorkerResult};
use muster_protocol::layout::{MAX_TERMS, Terms, TermsHeader};
use stylus_sdk::alloy_primitives::{Address, B256};
use stylus_sdk::alloy_sol_types::SolCall;

/// The account at a place of the agreement's tester list, from the dispatcher.
pub(crate) fn tester_at(header: &TermsHeader, place: u32) -> Result<Address, Reverted> {
    let found = with_calldata(testerAtCall::SELECTOR, &(header.epoch, place), |call| {
        host::static_call(header.dispatcher, call)
    });
    returned_word(found).map(Address::from_word)
}

/// The message key of an account, from the dispatcher.
pub(crate) fn key_of(header: &TermsHeader, account: Address) -> Result<B256, Reverted> {
    returned_word(with_calldata(keyOfCall::SELECTOR, &account, |call| {
        host::static_call(header.dispatcher, call)
    }))
}

/// The first word that a call returned. Reverts with `SettlementFailed` if the call failed.
fn returned_word(success: bool) -> Result<B256, Reverted> {
    match host::return_data() {
        Some(word) if success => Ok(B256::new(word)),
        _ => Err(revert(&SettlementFailed {})),
    }
}

/// A settlement of workers, or the end of their work.
pub(crate) struct Conclusion<'a> {
    /// The terms of the agreement.
    pub(crate) terms: &'a Terms,
    /// The workers that are settled, as bits.
    pub(crate) settled: u8,
    /// The workers whose slots become free, as bits.
    pub(crate) freed: u8,
    /// Whether this is the last one of the agreement.
    pub(crate) last: bool,
    /// The results by index; those of workers that are not settled are not sent.
    pub(crate) results: &'a [WorkerResult; MAX_REDUNDANCY],
    /// The fees by place.
    pub(crate) fees: &'a [Fee],
}

impl Conclusion<'_> {
    /// Calls `conclude` with `wei`.
    pub(crate) fn send(&self, wei: u128, hints: ArrayItems<u32>) -> Result<(), Reverted> {
        let mut bytes = [0; MAX_TERMS];
        let len = self.terms.encode(&mut bytes);
        let terms = AbiBytes(bytes.get(..len).unwrap_or_default());
        let settled =
            |(index, _): &(u32, &WorkerResult)| self.settled.wrapping_shr(*index) & 1 == 1;
        let results = (0..).zip(self.results).filter(settled).map(|(_, result)| result);
        let args = (
            terms,
            self.settled,
            self.freed,
            self.last,
            AbiArray(results),
            AbiArray(self.fees.iter()),
            AbiArray(hints.filter_map(Result::ok)),
        );
        let succeeded = with_calldata(concludeCall::SELECTOR, &args, |call| {
            host::call(self.terms.header.dispatcher, wei, u64::MAX, call)
        });
        if succeeded { Ok(()) } else { Err(revert(&SettlementFailed {})) }
    }
}
