//! What an agreement asks of its dispatcher, and what it tells it. No other room calls it.

use muster_contract_kit::{Blob, Items, List, Refused, host, refuse, with_call};
use muster_protocol::abi::IWorkAgreement::SettlementFailed;
use muster_protocol::abi::IWorkerDispatcher::{concludeCall, keyOfCall, testerAtCall};
use muster_protocol::abi::{Fee, WorkerResult};
use muster_protocol::layout::{Head, MAX_TERMS, Terms};
use stylus_sdk::alloy_primitives::{Address, B256};
use stylus_sdk::alloy_sol_types::SolCall;

/// The account at a place of the agreement's tester list.
pub(crate) fn tester(head: &Head, place: u32) -> Result<Address, Refused> {
    let found = with_call(testerAtCall::SELECTOR, &(head.epoch, place), |call| {
        host::ask(head.dispatcher, call)
    });
    answer(found).map(Address::from_word)
}

/// The message key of an account.
pub(crate) fn key(head: &Head, account: Address) -> Result<B256, Refused> {
    answer(with_call(keyOfCall::SELECTOR, &account, |call| host::ask(head.dispatcher, call)))
}

/// The word that a call returned.
fn answer(success: bool) -> Result<B256, Refused> {
    match host::returned() {
        Some(word) if success => Ok(B256::new(word)),
        _ => Err(refuse(&SettlementFailed {})),
    }
}

/// Hands over all wei and says whose they are.
pub(crate) fn conclude<'a>(
    terms: &Terms,
    wei: u128,
    workers: impl Iterator<Item = &'a WorkerResult> + Clone,
    fees: impl Iterator<Item = &'a Fee> + Clone,
    hints: Items<u32>,
) -> Result<(), Refused> {
    let mut bytes = [0; MAX_TERMS];
    let len = terms.encode(&mut bytes);
    let blob = Blob(bytes.get(..len).unwrap_or_default());
    let args = (blob, List(workers), List(fees), List(hints.filter_map(Result::ok)));
    let taken = with_call(concludeCall::SELECTOR, &args, |call| {
        host::call(terms.head.dispatcher, wei, u64::MAX, call)
    });
    if taken { Ok(()) } else { Err(refuse(&SettlementFailed {})) }
}
