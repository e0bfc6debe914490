//! What a tester saw of all workers, once, after the end: what was served needs the worker's receipt, what
//! was not needs nothing. Whether the tester held a seat in a window
//! is not asked here: bits of other windows are kept and never looked at.

use muster_contract_kit::{Args, Items, List, Refused, chain, emit_parts, host, refuse};
use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, BadReceipt, NotTheTester, NothingReported, PlaceOutOfRange,
    Reported, WindowOutOfRange,
};
use muster_protocol::abi::{Entry, Finding, State};
use muster_protocol::receipt::{digest, domain, session};
use stylus_sdk::alloy_primitives::B256;
use stylus_sdk::alloy_sol_types::SolEvent;

use crate::market;
use crate::state::{Agreement, SEEN, Seen};

/// `report(uint32,bytes32,Entry[])`.
pub(crate) fn report(args: &mut Args) -> Result<(), Refused> {
    let (place, salt): (u32, B256) = (args.next()?, args.next()?);
    let entries: Items<Entry> = args.list(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    let agreement = Agreement::load()?;
    let (head, caller) = (&agreement.terms.head, host::caller());
    agreement.expect(State::Reporting)?;
    if place >= head.pool {
        return Err(refuse(&PlaceOutOfRange { place, pool: head.pool }));
    }
    if market::tester(head, place)? != caller {
        return Err(refuse(&NotTheTester { place, caller }));
    }
    let lanes = agreement.lanes();
    let words = 0..=lanes.word(head.redundancy.saturating_sub(1));
    if words.clone().any(|word| SEEN.get((place, word)) != Seen::default()) {
        return Err(refuse(&AlreadyReported { place }));
    }

    let domain = domain(host::chain_id(), host::this(), hash);
    let session = session(caller, salt, hash);
    let mut report = [Seen::default(); 2];
    let mut least = 0;
    for (number, entry) in (0_u8..).zip(entries) {
        let Entry { index, checked, served, r, vs } = entry?;
        if index < least || index >= head.redundancy || checked == 0 || served & !checked != 0 {
            return Err(refuse(&BadEntry { entry: number }));
        }
        if checked.checked_shr(head.windows.into()).unwrap_or(0) != 0 {
            return Err(refuse(&WindowOutOfRange { entry: number, windows: head.windows }));
        }
        if served != 0 {
            let signer = chain::signer(digest(domain, session, served, hash), r, vs);
            if signer.is_none() || signer != agreement.terms.worker(index).map(|w| w.account) {
                return Err(refuse(&BadReceipt { entry: number }));
            }
        }
        least = index.saturating_add(1);
        let [first, second] = &mut report;
        let seen = if lanes.word(index) == 0 { first } else { second };
        lanes.note(seen, index, checked, served);
    }
    if entries.is_empty() {
        return Err(refuse(&NothingReported {}));
    }
    for (word, seen) in words.zip(&report) {
        if *seen != Seen::default() {
            SEEN.set((place, word), seen);
        }
    }
    let topics = [Reported::SIGNATURE_HASH, caller.into_word()];
    emit_parts(&topics, &(place, List(entries.filter_map(Result::ok).map(Finding::from))));
    Ok(())
}

/// Keccak-256, as [`muster_protocol`] takes it.
fn hash(bytes: &[u8]) -> [u8; 32] {
    host::keccak(bytes).0
}

/// `reported(uint32,uint8)`.
pub(crate) fn reported(args: &mut Args) -> Result<(u32, u32), Refused> {
    let (place, index) = (args.next()?, args.next()?);
    let lanes = Agreement::load()?.lanes();
    Ok(lanes.read(&SEEN.get((place, lanes.word(index))), index))
}
