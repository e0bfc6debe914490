//! Settlement, the dispatcher's part: releases or slashes bonds, credits all parties, updates reputations
//! and listings.
//!
//! Only a genuine agreement may call `conclude`. Its code is the `agreement` contract, so the dispatcher
//! trusts its numbers: no number makes the call revert, and no participant is called.

use muster_contract_kit::{AbiArray, Args, ArrayItems, Reverted, emit, emit_parts, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{
    AbsentReleased, AgreementSettled, AvailabilityChanged, Burned, NotAnAgreement, Unlisted,
};
use muster_protocol::abi::{Fee, TesterResult, WorkerResult};
use muster_protocol::layout::{MAX_TERMS, Terms, TermsHeader, WorkerTerms};
use muster_protocol::proxy::{self, MAX_CODE, MAX_INIT_CODE, init_code};
use muster_protocol::reputation::{ONE_OBSERVATION, weight, weight_fraction};
use muster_protocol::{BPS, MAX_REDUNDANCY, MAX_SEATS, money};
use stylus_sdk::alloy_primitives::{Address, B256};
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

/// Whether a mask has the bit of worker `index`.
fn has(mask: u8, index: u8) -> bool {
    mask.wrapping_shr(index.into()) & 1 == 1
}

/// `conclude(bytes,uint8,uint8,bool,WorkerResult[],Fee[],uint32[])`.
pub(crate) fn conclude(args: &mut Args) -> Result<(), Reverted> {
    let caller = host::caller();
    let limit = |count: usize| u32::try_from(count).unwrap_or(0);
    let bytes = args.bytes(limit(MAX_TERMS))?;
    let (settled, freed, last): (u8, u8, bool) = (args.next()?, args.next()?, args.next()?);
    let mut results: ArrayItems<WorkerResult> = args.array(limit(MAX_REDUNDANCY))?;
    let fees: ArrayItems<Fee> = args.array(limit(MAX_SEATS))?;
    let mut hints: ArrayItems<u32> = args.array(limit(MAX_REDUNDANCY))?;
    let terms = Terms::decode(bytes)
        .filter(|_| is_genuine(caller, bytes))
        .ok_or_else(|| revert(&NotAnAgreement { caller }))?;
    let header = &terms.header;

    let (all_results, mut slashes) = (results, [0; MAX_REDUNDANCY]);
    let (mut refund, mut compensation, mut burned) = (host::value(), 0_u128, 0_u128);
    let mut pay = |account, wei: u128| {
        refund = refund.saturating_sub(wei);
        credit::add(account, wei);
    };
    let mut slots = slashes.iter_mut();
    for (index, worker) in (0_u8..).zip(terms.workers()) {
        let hint = hints.next().transpose()?;
        let result = if has(settled, index) { results.next().transpose()? } else { None };
        if result.is_none() && !has(freed, index) {
            continue;
        }
        let slash = release_worker(header, worker, result.as_ref(), has(freed, index), hint);
        let Some(result) = result else { continue };
        if let Some(slot) = slots.next() {
            *slot = slash;
        }
        let back = money::compensation(slash, result.pay);
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

    let workers = all_results.filter_map(Result::ok).zip(&slashes);
    let workers = workers.map(|(result, slash)| WorkerResult { slash: *slash, ..result });
    let topics = |event: B256| [event, caller.into_word(), header.client.into_word()];
    if last {
        let testers = fees.map(|fee| {
            let Fee { place, amount, seats } = fee.unwrap_or(Fee { place: 0, amount: 0, seats: 0 });
            TesterResult {
                account: TESTER_PLACES.get((header.epoch, place)).account,
                fee: amount,
                seats,
            }
        });
        let data = (refund, compensation, AbiArray(workers), AbiArray(testers));
        emit_parts(&topics(AgreementSettled::SIGNATURE_HASH), &data);
    } else if settled != 0 {
        emit_parts(&topics(AbsentReleased::SIGNATURE_HASH), &(refund, AbiArray(workers)));
    }
    Ok(())
}

/// Frees a worker's slot if it is in use; with a result, also releases the rest of its bond and updates its
/// reputation. Updates its listing, and returns its slash.
fn release_worker(
    header: &TermsHeader,
    worker: &WorkerTerms,
    result: Option<&WorkerResult>,
    frees_slot: bool,
    hint: Option<u32>,
) -> u128 {
    let mut account = ACCOUNTS.get(worker.account);
    let number = account.number;
    account.active = account.active.saturating_sub(frees_slot.into());
    let (mut slash, mut missed) = (0, false);
    if let Some(result) = result {
        // An absence counts once, even if it shows in several agreements.
        missed = !result.accepted && account.misses == worker.misses;
        slash = match (result.accepted, missed) {
            (true, _) => result.slash.min(worker.bond),
            (false, true) => money::tenth(worker.bond),
            (false, false) => 0,
        };
        account.misses = account.misses.wrapping_add(missed.into());
        account.locked = account.locked.saturating_sub(worker.bond);
        account.stake = account.stake.saturating_sub(slash);
    }
    ACCOUNTS.set(worker.account, &account);
    if let Some(result) = result {
        update_reputation(header, worker, result, number, missed);
    }
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

/// Updates a worker's reputation: by its measured uptime, weighted by the fees paid to its testers; a
/// resignation also by the fees in escrow for the rest of the agreement. An absence is one observation,
/// whatever the purchase was, because the client chose the purchase.
fn update_reputation(
    header: &TermsHeader,
    worker: &WorkerTerms,
    result: &WorkerResult,
    number: u32,
    missed: bool,
) {
    let (good, bad) = if result.accepted {
        let unit = DEPLOYMENT.get(()).reputation_unit;
        let said = weight(result.fees, unit);
        let part = |weight, part: u16| weight_fraction(weight, part.into(), BPS.into());
        let left = if result.resigned {
            let seats = u128::from(header.windows).saturating_mul(header.testers.into());
            let whole = weight(worker.fee.saturating_mul(seats), unit);
            weight_fraction(whole, header.length.saturating_sub(result.ticks), header.length)
        } else {
            0
        };
        let good = part(said, result.uptime);
        (good, part(said, BPS.saturating_sub(result.uptime)).saturating_add(left))
    } else {
        (0, if missed { ONE_OBSERVATION } else { 0 })
    };
    reputation::add_weight(worker.account, number, good, bad);
}
