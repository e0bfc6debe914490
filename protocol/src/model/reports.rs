//! Reports of testers, and the receipts that they need.

use std::vec;

use super::agreement::Agreement;
use super::{Address, B256, Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, BadReceipt, NotTheTester, NothingReported, PlaceOutOfRange,
    Reported, WindowOutOfRange, reportCall,
};
use crate::abi::{Entry, Finding, State};

impl Model {
    /// Records that a worker signed a receipt for the session of a tester and a salt, and for exactly the
    /// windows `served`; (`r`, `vs`) is the signature. Does nothing if the account is not one of the
    /// agreement's workers.
    pub fn sign(
        &mut self,
        agreement: Address,
        worker: Address,
        session: (Address, B256),
        served: u32,
        (r, vs): (B256, B256),
    ) {
        let Some(agreement) = self.agreements.get_mut(&agreement) else { return };
        if let Ok(index) = agreement.index(worker) {
            agreement.receipts.insert((index, session.0, session.1, served, r, vs));
        }
    }

    /// `report(uint32,bytes32,Entry[])`.
    pub(super) fn report(
        &mut self,
        to: Address,
        caller: Address,
        call: &reportCall,
    ) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        let (place, header) = (call.place, agreement.terms.header);
        agreement.require_state(State::Reporting, self.tick())?;
        if place >= header.pool {
            return agreement_revert(PlaceOutOfRange { place, pool: header.pool });
        }
        if self.tester_at(header.epoch, place) != Some(caller) {
            return agreement_revert(NotTheTester { place, caller });
        }
        if agreement.reports.contains_key(&place) {
            return agreement_revert(AlreadyReported { place });
        }
        let mut observed = vec![(0, 0); usize::from(header.redundancy)];
        let mut last = None;
        for (number, entry) in (0_u8..).zip(&call.entries) {
            check_entry(&agreement, number, entry, last, (caller, call.salt))?;
            last = Some(entry.index);
            observed[usize::from(entry.index)] = (entry.checked, entry.served);
        }
        if last.is_none() {
            return agreement_revert(NothingReported {});
        }
        agreement.reports.insert(place, observed);
        self.store_agreement(to, agreement);
        let findings = call.entries.iter().copied().map(Finding::from).collect();
        self.emit_from(to, Reported { tester: caller, place, findings });
        Ok(())
    }
}

/// Checks an entry: it names a worker after `last`, checks at least one window, claims service only in
/// checked windows that exist, and has a receipt for the windows served in `session`.
fn check_entry(
    agreement: &Agreement,
    number: u8,
    entry: &Entry,
    last: Option<u8>,
    session: (Address, B256),
) -> Result<(), ModelRevert> {
    let Entry { index, checked, served, r, vs } = *entry;
    let header = &agreement.terms.header;
    let in_order = last.is_none_or(|last| index > last) && index < header.redundancy;
    if !in_order || checked == 0 || served | checked != checked {
        return agreement_revert(BadEntry { entry: number });
    }
    if u64::from(checked) >= 1 << header.windows {
        return agreement_revert(WindowOutOfRange { entry: number, windows: header.windows });
    }
    let receipt = (index, session.0, session.1, served, r, vs);
    if served != 0 && !agreement.receipts.contains(&receipt) {
        return agreement_revert(BadReceipt { entry: number });
    }
    Ok(())
}
