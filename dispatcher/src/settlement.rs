//! Settlement, the dispatcher's part: releases or slashes bonds, credits all parties, updates reputations
//! and listings.
//!
//! Only a genuine agreement may call `conclude`. Its code is the `agreement` contract, so the dispatcher
//! trusts its numbers: no number makes the call revert, and no participant is called.

use muster_contract_kit::{AbiArray, Args, ArrayItems, Reverted, emit, emit_parts, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{
    AgreementSettled, AvailabilityChanged, Burned, NotAnAgreement, Unlisted,
};
use muster_protocol::abi::{Fee, TesterResult, WorkerResult};
use muster_protocol::layout::{MAX_TERMS, Terms, TermsHeader, WorkerTerms};
use muster_protocol::proxy::{self, MAX_CODE, MAX_INIT_CODE, init_code};
use muster_protocol::reputation::{weight, weight_fraction};
use muster_protocol::{MAX_REDUNDANCY, MAX_SEATS, money};
use stylus_sdk::alloy_primitives::Address;
use stylus_sdk::alloy_sol_types::SolEvent;

use crate::state::{ACCOUNTS, DEPLOYMENT, OFFERS, TESTER_PLACES};
use crate::{book, credit, reputation};

/// Whether `account` is the agreement with these terms, by its CREATE2 address.
fn is_genuine(account: Address, terms: &[u8]) -> bool {
    let mut code = [0; MAX_INIT_CODE];
    let len = init_code(DEPLOYMENT.get(()).agreement, terms, &mut code);
    let hash = host::keccak(code.get(..len).unwrap_or_default());
    proxy::create2_address(host::this(), &hash, |bytes| host::keccak(bytes).0) == account
}

/// `isAgreement(address)`.
pub(crate) fn is_agreement(args: &mut Args) -> Result<bool, Reverted> {
    let account = args.next()?;
    let mut bytes = [0; MAX_CODE];
    let code = host::code(account, &mut bytes);
    Ok(proxy::terms_of_code(code).is_some_and(|terms| is_genuine(account, terms)))
}

/// `conclude(bytes,WorkerResult[],Fee[],uint32[])`.
pub(crate) fn conclude(args: &mut Args) -> Result<(), Reverted> {
    let caller = host::caller();
    let limit = |count: usize| u32::try_from(count).unwrap_or(0);
    let bytes = args.bytes(limit(MAX_TERMS))?;
    let results: ArrayItems<WorkerResult> = args.array(limit(MAX_REDUNDANCY))?;
    let fees: ArrayItems<Fee> = args.array(limit(MAX_SEATS))?;
    let mut hints: ArrayItems<u32> = args.array(limit(MAX_REDUNDANCY))?;
    let terms = Terms::decode(bytes)
        .filter(|_| is_genuine(caller, bytes))
        .ok_or_else(|| revert(&NotAnAgreement { caller }))?;
    let header = &terms.header;

    let (mut refund, mut compensation, mut burned) = (host::value(), 0_u128, 0_u128);
    let mut pay = |account, wei: u128| {
        refund = refund.saturating_sub(wei);
        credit::add(account, wei);
    };
    let mut slashes = [0; MAX_REDUNDANCY];
    for ((worker, result), slash) in terms.workers().zip(results).zip(&mut slashes) {
        let result = result?;
        *slash = release_worker(header, worker, &result, hints.next().transpose()?);
        let back = money::compensation(*slash, result.pay);
        compensation = compensation.saturating_add(back);
        burned = burned.saturating_add(slash.saturating_sub(back));
        pay(worker.account, result.pay);
    }
    for fee in fees {
        let Fee { place, amount, .. } = fee?;
        pay(TESTER_PLACES.get((header.epoch, place)).account, amount);
    }
    credit::add(header.client, refund.saturating_add(compensation));
    if burned != 0 {
        emit(&Burned { agreement: caller, amount: burned });
    }

    let topics = [AgreementSettled::SIGNATURE_HASH, caller.into_word(), header.client.into_word()];
    let testers = fees.map(|fee| {
        let Fee { place, amount, seats } = fee.unwrap_or(Fee { place: 0, amount: 0, seats: 0 });
        TesterResult {
            account: TESTER_PLACES.get((header.epoch, place)).account,
            fee: amount,
            seats,
        }
    });
    let workers = results.filter_map(Result::ok).zip(&slashes);
    let workers = workers.map(|(result, slash)| WorkerResult { slash: *slash, ..result });
    emit_parts(&topics, &(refund, compensation, AbiArray(workers), AbiArray(testers)));
    Ok(())
}

/// Releases a worker's slot and the rest of its bond, and updates its reputation and its listing. Returns
/// its slash.
fn release_worker(
    header: &TermsHeader,
    worker: &WorkerTerms,
    result: &WorkerResult,
    hint: Option<u32>,
) -> u128 {
    let mut account = ACCOUNTS.get(worker.account);
    let number = account.number;
    let absent = !result.accepted;
    // An absence counts once, even if it shows in several agreements.
    let missed = absent && account.misses == worker.misses;
    let slash = match (absent, missed) {
        (false, _) => result.slash.min(worker.bond),
        (true, true) => money::tenth(worker.bond),
        (true, false) => 0,
    };
    account.misses = account.misses.wrapping_add(missed.into());
    account.locked = account.locked.saturating_sub(worker.bond);
    account.active = account.active.saturating_sub(1);
    account.stake = account.stake.saturating_sub(slash);
    ACCOUNTS.set(worker.account, &account);
    update_reputation(header, worker, result, number, missed);
    relist_worker(worker.account, number, missed, hint);
    slash
}

/// Unlists a worker that missed and makes it unavailable until it calls `setAvailable`; lists any other
/// unlisted worker if a hint is given. No listed worker becomes unfit here: it gains a slot and free stake.
fn relist_worker(worker: Address, number: u32, missed: bool, hint: Option<u32>) {
    let mut offer = OFFERS.get(number);
    if missed {
        offer.available = false;
        emit(&AvailabilityChanged { worker, available: false });
        if offer.listed {
            book::remove(number, &mut offer);
            emit(&Unlisted { worker });
        }
        OFFERS.set(number, &offer);
    }
    if let Some(hint) = hint.filter(|_| !offer.listed) {
        book::try_list(number, offer, hint);
    }
}

/// Updates a worker's reputation by the fees paid to its testers. An absence and a resignation weigh as much
/// as the fees in escrow.
fn update_reputation(
    header: &TermsHeader,
    worker: &WorkerTerms,
    result: &WorkerResult,
    number: u32,
    missed: bool,
) {
    let unit = DEPLOYMENT.get(()).reputation_unit;
    let seats = u128::from(header.windows).saturating_mul(header.testers.into());
    let whole = weight(worker.fee.saturating_mul(seats), unit);
    let (good, bad) = if result.accepted {
        let said = weight(result.fees, unit);
        let known = result.served.saturating_add(result.failed);
        let left = header.windows.saturating_sub(result.windows);
        let left = if result.resigned { weight_fraction(whole, left, header.windows) } else { 0 };
        let bad = weight_fraction(said, result.failed, known).saturating_add(left);
        (weight_fraction(said, result.served, known), bad)
    } else {
        (0, if missed { whole } else { 0 })
    };
    reputation::add_weight(worker.account, number, good, bad);
}
