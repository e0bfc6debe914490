//! `report` and `reportBatch`: what testers measured, each once, after the end. A tester reports for itself,
//! or signs its report so that anyone can post it.
//!
//! A report is checked whole before anything of it is stored. Served probes need a receipt of the worker for
//! the session and window; failed ones need none.

use muster_contract_kit::{AbiBytes, Args, Reverted, chain, emit, emit_parts, host, revert};
use muster_protocol::MAX_REDUNDANCY;
use muster_protocol::abi::IWorkAgreement::{
    AlreadyReported, BadBatch, BadEntry, BadReceipt, NoSeat, NotTheTester, NothingReported,
    PlaceOutOfRange, ReportSkipped, Reported, TooFewProbes, WindowOutOfRange,
};
use muster_protocol::abi::State;
use muster_protocol::draw::WINDOW_CAPACITY;
use muster_protocol::receipt::{domain_separator, receipt_hash, report_hash, session_id, supports};
use muster_protocol::report::{Entries, Entry, SignedReport};
use muster_protocol::shares::{due_probes, needed_probes, twelfths, vouched};
use stylus_sdk::alloy_primitives::{Address, B256, FixedBytes};
use stylus_sdk::alloy_sol_types::SolEvent;

use crate::dispatcher;
use crate::shares::{Drawn, Shares};
use crate::state::Agreement;

/// The most bytes of calldata that are decoded as entries or reports; longer ones do not fit into the input
/// buffer.
const MAX_BYTES: u32 = u32::MAX;

/// The most findings of one report, in bytes.
const MAX_FINDINGS: usize = 4 * MAX_REDUNDANCY * WINDOW_CAPACITY;

/// What all reports of a call are checked against.
struct Reports {
    /// The agreement, after its end.
    agreement: Agreement,
    /// The seats of every window.
    drawn: Drawn,
    /// The shares reported so far.
    shares: Shares,
    /// The EIP-712 domain.
    domain: B256,
}

impl Reports {
    /// Loads the agreement. Reverts unless testers may report.
    fn load() -> Result<Self, Reverted> {
        let agreement = Agreement::load()?;
        agreement.require_state(State::Reporting)?;
        let (drawn, shares) = (agreement.draw(), Shares::load(&agreement.terms));
        let domain = domain_separator(host::chain_id(), host::this(), keccak);
        Ok(Self { agreement, drawn, shares, domain })
    }

    /// The tester at a place that has not reported.
    fn tester(&self, place: u32) -> Result<Address, Reverted> {
        let header = &self.agreement.terms.header;
        if place >= header.pool {
            return Err(revert(&PlaceOutOfRange { place, pool: header.pool }));
        }
        if self.shares.has_reported(&self.drawn, place) {
            return Err(revert(&AlreadyReported { place }));
        }
        dispatcher::tester_at(header, place)
    }

    /// Checks a report of the account `tester` at `place`, then stores it and emits `Reported`.
    fn store(
        &mut self,
        tester: Address,
        place: u32,
        salt: B256,
        entries: Entries<'_>,
    ) -> Result<(), Reverted> {
        let mut least = (0, 0);
        for (number, entry) in (0_u8..=u8::MAX).zip(entries.clone()) {
            let bad_entry = || revert(&BadEntry { entry: number });
            let entry = entry.ok_or_else(bad_entry)?;
            if (entry.index, entry.window) < least {
                return Err(bad_entry());
            }
            self.check(number, &entry, place)?;
            self.check_receipt(number, &entry, tester, salt)?;
            least = (entry.index, entry.window.saturating_add(1));
        }
        if entries.0.is_empty() {
            return Err(revert(&NothingReported {}));
        }

        let (mut findings, mut len) = ([0; MAX_FINDINGS], 0_usize);
        let probes = self.agreement.terms.header.probes;
        for entry in entries.flatten() {
            let Entry { index, window, made, served, .. } = entry;
            if let Some(seat) = self.drawn.seat(window, place) {
                let (ticks, whole) = self.judged(&entry);
                let best = vouched(served, made, due_probes(probes, ticks, whole));
                self.shares.set(index, window, seat, twelfths(served, made));
                self.shares.raise_best(index, window, best);
            }
            if let Some(to) = findings.as_chunks_mut().0.get_mut(len) {
                *to = entry.finding();
            }
            len = len.saturating_add(1);
        }
        let bytes = findings.get(..len.saturating_mul(4)).unwrap_or_default();
        let topics = [Reported::SIGNATURE_HASH, tester.into_word()];
        emit_parts(&topics, &(place, AbiBytes(bytes)));
        Ok(())
    }

    /// Checks the numbers of an entry.
    fn check(&self, number: u8, entry: &Entry, place: u32) -> Result<(), Reverted> {
        let Entry { index, window, made, served, .. } = *entry;
        let header = &self.agreement.terms.header;
        if index >= header.redundancy || served > made || made > header.probes {
            return Err(revert(&BadEntry { entry: number }));
        }
        let (ticks, whole) = self.judged(entry);
        if ticks == 0 {
            return Err(revert(&WindowOutOfRange { entry: number, window }));
        }
        if self.drawn.seat(window, place).is_none() {
            return Err(revert(&NoSeat { entry: number, window }));
        }
        let needed = needed_probes(header.probes, ticks, whole);
        if made < needed {
            return Err(revert(&TooFewProbes { entry: number, made, needed }));
        }
        Ok(())
    }

    /// The ticks of an entry's window for which its worker is judged, and those of the whole window.
    fn judged(&self, entry: &Entry) -> (u32, u32) {
        let (terms, course) = (&self.agreement.terms, &self.agreement.course);
        let ticks = course.judged_ticks(terms, entry.index, entry.window);
        (length(&ticks), length(&course.window_ticks(terms, entry.window)))
    }

    /// Checks the receipt of an entry.
    fn check_receipt(
        &self,
        number: u8,
        entry: &Entry,
        tester: Address,
        salt: B256,
    ) -> Result<(), Reverted> {
        let Entry { index, window, served, parts, r, vs, .. } = *entry;
        if served == 0 {
            return Ok(());
        }
        let session = session_id(tester, salt, window, keccak);
        let signer = supports(parts, served).then(|| {
            chain::recover_signer(receipt_hash(self.domain, session, window, parts, keccak), r, vs)
        });
        let worker = self.agreement.terms.worker(index).map(|worker| worker.account);
        if worker.is_none() || signer.flatten() != worker {
            return Err(revert(&BadReceipt { entry: number }));
        }
        Ok(())
    }

    /// Stores a report that its tester signed.
    fn store_signed(&mut self, report: &SignedReport<'_>) -> Result<(), Reverted> {
        let SignedReport { place, salt, r, vs, entries } = *report;
        let tester = self.tester(place)?;
        let hash = report_hash(self.domain, place, salt, entries, keccak);
        let signer = chain::recover_signer(hash, r, vs).unwrap_or_default();
        if signer != tester {
            return Err(revert(&NotTheTester { place, caller: signer }));
        }
        self.store(tester, place, salt, Entries(entries))
    }
}

/// `report(uint32,bytes32,bytes)`.
pub(crate) fn report(args: &mut Args) -> Result<(), Reverted> {
    let (place, salt): (u32, B256) = (args.next()?, args.next()?);
    let entries = Entries(args.bytes(MAX_BYTES)?);
    let (mut reports, caller) = (Reports::load()?, host::caller());
    if reports.tester(place)? != caller {
        return Err(revert(&NotTheTester { place, caller }));
    }
    reports.store(caller, place, salt, entries)?;
    reports.shares.save();
    Ok(())
}

/// `reportBatch(bytes)`.
pub(crate) fn report_batch(args: &mut Args) -> Result<(), Reverted> {
    let batch = args.bytes(MAX_BYTES)?;
    let mut reports = Reports::load()?;
    if batch.is_empty() {
        return Err(revert(&NothingReported {}));
    }
    let mut rest = batch;
    while !rest.is_empty() {
        let offset = batch.len().saturating_sub(rest.len());
        let (report, tail) = SignedReport::decode(rest).ok_or_else(|| {
            revert(&BadBatch { offset: u32::try_from(offset).unwrap_or(u32::MAX) })
        })?;
        rest = tail;
        if let Err(reverted) = reports.store_signed(&report) {
            let reason = FixedBytes(reverted.selector());
            emit(&ReportSkipped { place: report.place, reason });
        }
    }
    reports.shares.save();
    Ok(())
}

/// Number of ticks.
const fn length(ticks: &core::ops::Range<u32>) -> u32 {
    ticks.end.saturating_sub(ticks.start)
}

/// Keccak-256 in the form that [`muster_protocol`] expects.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    host::keccak(bytes).0
}

/// `reported(uint32)`.
pub(crate) fn reported(args: &mut Args) -> Result<bool, Reverted> {
    let place = args.next()?;
    let agreement = Agreement::load()?;
    Ok(Shares::load(&agreement.terms).has_reported(&agreement.draw(), place))
}
