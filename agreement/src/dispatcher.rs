//! Calls to the dispatcher. No other module calls it.

use muster_contract_kit::{AbiArray, AbiBytes, ArrayItems, Reverted, host, revert, with_calldata};
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

/// Calls `conclude` with all wei, the results of the workers and the fees by place.
pub(crate) fn conclude<'a>(
    terms: &Terms,
    wei: u128,
    workers: impl Iterator<Item = &'a WorkerResult> + Clone,
    fees: impl Iterator<Item = &'a Fee> + Clone,
    hints: ArrayItems<u32>,
) -> Result<(), Reverted> {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    let terms_bytes = AbiBytes(bytes.get(..len).unwrap_or_default());
    let args =
        (terms_bytes, AbiArray(workers), AbiArray(fees), AbiArray(hints.filter_map(Result::ok)));
    let succeeded = with_calldata(concludeCall::SELECTOR, &args, |call| {
        host::call(terms.header.dispatcher, wei, u64::MAX, call)
    });
    if succeeded { Ok(()) } else { Err(revert(&SettlementFailed {})) }
}
