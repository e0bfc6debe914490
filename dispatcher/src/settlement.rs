//! What an agreement that ends brings and says: bonds become free, everybody's part becomes a credit.
//!
//! Only a genuine agreement is listened to, and it is one of ours, so its numbers are taken as they
//! are: nothing here can fail for what they say, and no participant is called.

use kit::{Args, Items, List, Refused, emit_parts, host, refuse};
use stylus_sdk::alloy_primitives::Address;
use stylus_sdk::alloy_sol_types::SolEvent;
use terms::abi::IWorkerDispatcher::{AgreementSettled, NotAnAgreement};
use terms::abi::{Fee, TesterResult, WorkerResult};
use terms::layout::{MAX_TERMS, Terms, WorkerTerms};
use terms::proxy::{self, MAX_CODE, MAX_INIT, init_code};
use terms::{MAX_REDUNDANCY, MAX_SEATS};

use crate::state::{ACCOUNTS, OFFERS, PLACES, ROOT};
use crate::{book, credit};

/// Whether `account` is the agreement that these terms make: its address follows from them.
fn is_genuine(account: Address, terms: &[u8]) -> bool {
    let mut code = [0; MAX_INIT];
    let len = init_code(ROOT.get(()).agreement, terms, &mut code);
    let hash = host::keccak(code.get(..len).unwrap_or_default());
    proxy::address(host::this(), &hash, |bytes| host::keccak(bytes).0) == account
}

/// `isAgreement(address)`.
pub(crate) fn is_agreement(args: &mut Args) -> Result<bool, Refused> {
    let account = args.next()?;
    let mut bytes = [0; MAX_CODE];
    let code = host::code(account, 0, &mut bytes);
    Ok(proxy::terms(code).is_some_and(|terms| is_genuine(account, terms)))
}

/// `conclude(bytes,WorkerResult[],Fee[],uint32[])`.
pub(crate) fn conclude(args: &mut Args) -> Result<(), Refused> {
    let caller = host::caller();
    let most = |count: usize| u32::try_from(count).unwrap_or(0);
    let bytes = args.bytes(most(MAX_TERMS))?;
    let results: Items<WorkerResult> = args.list(most(MAX_REDUNDANCY))?;
    let fees: Items<Fee> = args.list(most(MAX_SEATS))?;
    let mut hints: Items<u32> = args.list(most(MAX_REDUNDANCY))?;
    let terms = Terms::decode(bytes)
        .filter(|_| is_genuine(caller, bytes))
        .ok_or_else(|| refuse(&NotAnAgreement { caller }))?;

    let mut refund = host::value();
    let mut pay = |account, wei: u128| {
        refund = refund.saturating_sub(wei);
        credit::add(account, wei);
    };
    for (worker, result) in terms.workers().zip(results) {
        release(worker, hints.next().transpose()?);
        pay(worker.account, result?.pay);
    }
    let epoch = terms.head.epoch;
    for fee in fees {
        let Fee { place, amount, .. } = fee?;
        pay(PLACES.get((epoch, place)).account, amount);
    }
    credit::add(terms.head.client, refund);

    let topics =
        [AgreementSettled::SIGNATURE_HASH, caller.into_word(), terms.head.client.into_word()];
    let testers = fees.map(|fee| {
        let Fee { place, amount, seats } = fee.unwrap_or(Fee { place: 0, amount: 0, seats: 0 });
        TesterResult { account: PLACES.get((epoch, place)).account, fee: amount, seats }
    });
    let workers = results.filter_map(Result::ok);
    emit_parts(&topics, &(refund, List(workers), List(testers)));
    Ok(())
}

/// Frees a worker's slot and bond, and lists it again if it fits and a hint is given.
fn release(worker: &WorkerTerms, hint: Option<u32>) {
    let account = ACCOUNTS.update(worker.account, |account| {
        account.locked = account.locked.saturating_sub(worker.bond);
    });
    let number = account.number;
    let offer = OFFERS.update(number, |offer| offer.active = offer.active.saturating_sub(1));
    if let Some(hint) = hint
        && !offer.listed
    {
        book::try_list(number, offer, hint);
    }
}
