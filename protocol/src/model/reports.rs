//! What testers say they saw.

use std::vec;

use super::agreement::Agreement;
use super::{Address, B256, Model, Refusal, deny};
use crate::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, BadReceipt, NotTheTester, NothingReported, PlaceOutOfRange,
    Reported, WindowOutOfRange, reportCall,
};
use crate::abi::{Entry, Finding, State};

impl Model {
    /// A worker of an agreement signs a receipt for a session, which `tester` opened with `salt`, and
    /// for exactly the windows `served`; (`r`, `vs`) is the signature. Nothing happens if it is none of
    /// the agreement's workers.
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
    ) -> Result<(), Refusal> {
        let mut agreement = self.agreement(to, caller)?.clone();
        let (place, head) = (call.place, agreement.terms.head);
        agreement.expect(State::Reporting, self.tick())?;
        if place >= head.pool {
            return deny(PlaceOutOfRange { place, pool: head.pool });
        }
        if self.tester_at(head.epoch, place) != Some(caller) {
            return deny(NotTheTester { place, caller });
        }
        if agreement.reports.contains_key(&place) {
            return deny(AlreadyReported { place });
        }
        let mut seen = vec![(0, 0); usize::from(head.redundancy)];
        let mut last = None;
        for (number, entry) in (0_u8..).zip(&call.entries) {
            check(&agreement, number, entry, last, (caller, call.salt))?;
            last = Some(entry.index);
            seen[usize::from(entry.index)] = (entry.checked, entry.served);
        }
        if last.is_none() {
            return deny(NothingReported {});
        }
        agreement.reports.insert(place, seen);
        self.keep(to, agreement);
        let findings = call.entries.iter().copied().map(Finding::from).collect();
        self.tell(to, Reported { tester: caller, place, findings });
        Ok(())
    }
}

/// Refuses an entry that names no worker behind `last`, says nothing, contradicts itself, names windows
/// that are not, or has no receipt for what was served in `session`.
fn check(
    agreement: &Agreement,
    number: u8,
    entry: &Entry,
    last: Option<u8>,
    session: (Address, B256),
) -> Result<(), Refusal> {
    let Entry { index, checked, served, r, vs } = *entry;
    let head = &agreement.terms.head;
    let behind = last.is_none_or(|last| index > last) && index < head.redundancy;
    if !behind || checked == 0 || served | checked != checked {
        return deny(BadEntry { entry: number });
    }
    if u64::from(checked) >= 1 << head.windows {
        return deny(WindowOutOfRange { entry: number, windows: head.windows });
    }
    let receipt = (index, session.0, session.1, served, r, vs);
    if served != 0 && !agreement.receipts.contains(&receipt) {
        return deny(BadReceipt { entry: number });
    }
    Ok(())
}
