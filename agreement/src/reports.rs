//! `report`: a tester's report on all workers, once, after the end. Served windows need a receipt of the
//! worker; failed ones need none. A report may have bits for windows in which its tester has no seat: they
//! are stored, and the settlement ignores them.

use muster_contract_kit::{AbiArray, Args, ArrayItems, Reverted, chain, emit_parts, host, revert};
use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, BadReceipt, NotTheTester, NothingReported, PlaceOutOfRange,
    Reported, WindowOutOfRange,
};
use muster_protocol::abi::{Entry, Finding, State};
use muster_protocol::receipt::{domain_separator, session_id, signing_hash};
use stylus_sdk::alloy_primitives::B256;
use stylus_sdk::alloy_sol_types::SolEvent;

use crate::dispatcher;
use crate::state::{Agreement, REPORTS, ReportWord};

/// `report(uint32,bytes32,Entry[])`.
pub(crate) fn report(args: &mut Args) -> Result<(), Reverted> {
    let (place, salt): (u32, B256) = (args.next()?, args.next()?);
    let entries: ArrayItems<Entry> = args.array(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    let agreement = Agreement::load()?;
    let (header, caller) = (&agreement.terms.header, host::caller());
    agreement.require_state(State::Reporting)?;
    if place >= header.pool {
        return Err(revert(&PlaceOutOfRange { place, pool: header.pool }));
    }
    if dispatcher::tester_at(header, place)? != caller {
        return Err(revert(&NotTheTester { place, caller }));
    }
    let layout = agreement.report_layout();
    let words = 0..=layout.word(header.redundancy.saturating_sub(1));
    if words.clone().any(|word| REPORTS.get((place, word)) != ReportWord::default()) {
        return Err(revert(&AlreadyReported { place }));
    }

    let domain = domain_separator(host::chain_id(), host::this(), keccak);
    let session = session_id(caller, salt, keccak);
    let mut report = [ReportWord::default(); 2];
    let mut min_index = 0;
    for (number, entry) in (0_u8..).zip(entries) {
        let Entry { index, checked, served, r, vs } = entry?;
        if index < min_index || index >= header.redundancy || checked == 0 || served & !checked != 0
        {
            return Err(revert(&BadEntry { entry: number }));
        }
        if checked.checked_shr(header.windows.into()).unwrap_or(0) != 0 {
            return Err(revert(&WindowOutOfRange { entry: number, windows: header.windows }));
        }
        if served != 0 {
            let signer =
                chain::recover_signer(signing_hash(domain, session, served, keccak), r, vs);
            if signer.is_none() || signer != agreement.terms.worker(index).map(|w| w.account) {
                return Err(revert(&BadReceipt { entry: number }));
            }
        }
        min_index = index.saturating_add(1);
        let [first, second] = &mut report;
        let report_word = if layout.word(index) == 0 { first } else { second };
        layout.write(report_word, index, checked, served);
    }
    if entries.is_empty() {
        return Err(revert(&NothingReported {}));
    }
    for (word, report_word) in words.zip(&report) {
        if *report_word != ReportWord::default() {
            REPORTS.set((place, word), report_word);
        }
    }
    let topics = [Reported::SIGNATURE_HASH, caller.into_word()];
    emit_parts(&topics, &(place, AbiArray(entries.filter_map(Result::ok).map(Finding::from))));
    Ok(())
}

/// Keccak-256 in the form that [`muster_protocol`] expects.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    host::keccak(bytes).0
}

/// `reported(uint32,uint8)`.
pub(crate) fn reported(args: &mut Args) -> Result<(u32, u32), Reverted> {
    let (place, index) = (args.next()?, args.next()?);
    let layout = Agreement::load()?.report_layout();
    Ok(layout.read(&REPORTS.get((place, layout.word(index))), index))
}
