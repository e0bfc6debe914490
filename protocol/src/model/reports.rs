//! Reports of testers, and what must be signed for them.

use std::vec::Vec;

use alloy_sol_types::SolInterface;

use super::agreement::{Agreement, Report};
use super::shares::needed_probes;
use super::{Address, B256, Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    AlreadyReported, BadBatch, BadEntry, BadReceipt, NoSeat, NotTheTester, NothingReported,
    PlaceOutOfRange, ReportSkipped, Reported, TooFewProbes, WindowOutOfRange, reportCall,
};
use crate::abi::State;
use crate::report::{Entries, Entry, SignedReport};

impl Model {
    /// Records that a worker signed a receipt for the session of a tester and a salt in a window, with exactly
    /// these parts of it; `signature` is (r, vs). Does nothing if the account is not one of the agreement's
    /// workers.
    pub fn sign(
        &mut self,
        agreement: Address,
        worker: Address,
        session: (Address, B256),
        (window, parts): (u8, u32),
        signature: (B256, B256),
    ) {
        let Some(agreement) = self.agreements.get_mut(&agreement) else { return };
        if let Ok(index) = agreement.index(worker) {
            agreement.receipts.insert((index, session, (window, parts), signature));
        }
    }

    /// Records that an account signed a report of a place, with exactly this salt and these entries.
    pub fn sign_report(
        &mut self,
        agreement: Address,
        signer: Address,
        (place, salt): (u32, B256),
        entries: &[u8],
        signature: (B256, B256),
    ) {
        let Some(agreement) = self.agreements.get_mut(&agreement) else { return };
        agreement.signed_reports.insert((signer, (place, salt), entries.to_vec(), signature));
    }

    /// `report(uint32,bytes32,bytes)`.
    pub(super) fn report(
        &mut self,
        to: Address,
        caller: Address,
        call: &reportCall,
    ) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        agreement.require_state(State::Reporting, self.tick())?;
        let place = call.place;
        if self.reporter(&agreement, place)? != caller {
            return agreement_revert(NotTheTester { place, caller });
        }
        let event = store_report(&mut agreement, (caller, place), call.salt, &call.entries)?;
        self.store_agreement(to, agreement);
        self.emit_from(to, event);
        Ok(())
    }

    /// `reportBatch(bytes)`.
    pub(super) fn report_batch(
        &mut self,
        to: Address,
        caller: Address,
        batch: &[u8],
    ) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        agreement.require_state(State::Reporting, self.tick())?;
        if batch.is_empty() {
            return agreement_revert(NothingReported {});
        }
        let mut rest = batch;
        while !rest.is_empty() {
            let Some((report, tail)) = SignedReport::decode(rest) else {
                let offset = u32::try_from(batch.len() - rest.len()).expect("a batch is short");
                return agreement_revert(BadBatch { offset });
            };
            rest = tail;
            match self.store_signed(&mut agreement, &report) {
                Ok(event) => self.emit_from(to, event),
                Err(ModelRevert::Agreement(error)) => {
                    let reason = error.selector().into();
                    self.emit_from(to, ReportSkipped { place: report.place, reason });
                }
                Err(other) => return Err(other),
            }
        }
        self.store_agreement(to, agreement);
        Ok(())
    }

    /// The tester at a place that has not reported.
    fn reporter(&self, agreement: &Agreement, place: u32) -> Result<Address, ModelRevert> {
        let header = &agreement.terms.header;
        if place >= header.pool {
            return agreement_revert(PlaceOutOfRange { place, pool: header.pool });
        }
        if agreement.reports.contains_key(&place) {
            return agreement_revert(AlreadyReported { place });
        }
        Ok(self.tester_at(header.epoch, place).expect("a list never becomes shorter"))
    }

    /// Stores a report that its tester signed.
    fn store_signed(
        &self,
        agreement: &mut Agreement,
        report: &SignedReport<'_>,
    ) -> Result<Reported, ModelRevert> {
        let SignedReport { place, salt, r, vs, entries } = *report;
        let tester = self.reporter(agreement, place)?;
        let signed = (tester, (place, salt), entries.to_vec(), (r, vs));
        if !agreement.signed_reports.contains(&signed) {
            return agreement_revert(NotTheTester { place, caller: Address::ZERO });
        }
        store_report(agreement, (tester, place), salt, entries)
    }
}

/// Stores the report of a tester and returns its event, if it has entries and all of them are valid.
fn store_report(
    agreement: &mut Agreement,
    (tester, place): (Address, u32),
    salt: B256,
    bytes: &[u8],
) -> Result<Reported, ModelRevert> {
    let mut report = Report::new();
    let mut findings = Vec::new();
    for (number, entry) in (0_u8..).zip(Entries(bytes)) {
        let in_order = |entry: &Entry| {
            let key = (entry.index, entry.window);
            report.last_key_value().is_none_or(|(last, _)| *last < key)
        };
        let Some(entry) = entry.filter(in_order) else {
            return agreement_revert(BadEntry { entry: number });
        };
        check_entry(agreement, number, &entry, place)?;
        let Entry { index, window, made, served, parts, r, vs } = entry;
        let supported = u32::from(served) <= 2 * parts.count_ones();
        let receipt = (index, (tester, salt), (window, parts), (r, vs));
        if served > 0 && !(supported && agreement.receipts.contains(&receipt)) {
            return agreement_revert(BadReceipt { entry: number });
        }
        report.insert((index, window), (made, served));
        findings.extend([index, window, made, served]);
    }
    if report.is_empty() {
        return agreement_revert(NothingReported {});
    }
    agreement.reports.insert(place, report);
    Ok(Reported { tester, place, findings: findings.into() })
}

/// Checks the numbers of an entry: a worker, no more served than made and no more made than due, a window in
/// which the worker is judged and the place has a seat, and enough probes.
fn check_entry(
    agreement: &Agreement,
    number: u8,
    entry: &Entry,
    place: u32,
) -> Result<(), ModelRevert> {
    let Entry { index, window, made, served, .. } = *entry;
    let header = &agreement.terms.header;
    if index >= header.redundancy || served > made || made > header.probes {
        return agreement_revert(BadEntry { entry: number });
    }
    let Some(needed) = agreement.needed(index, window) else {
        return agreement_revert(WindowOutOfRange { entry: number, window });
    };
    if !agreement.seats(window).contains(&place) {
        return agreement_revert(NoSeat { entry: number, window });
    }
    if made < needed {
        return agreement_revert(TooFewProbes { entry: number, made, needed });
    }
    Ok(())
}

impl Agreement {
    /// The fewest probes that count in a window on a worker; `None` if the worker is not judged in it.
    pub(super) fn needed(&self, index: u8, window: u8) -> Option<u8> {
        let header = &self.terms.header;
        if window >= header.windows {
            return None;
        }
        let ticks = self.ticks_before(window, self.judged_ticks(usize::from(index)));
        let whole = self.ticks_before(window, self.planned);
        (ticks > 0).then(|| needed_probes(header.probes, ticks, whole))
    }
}
