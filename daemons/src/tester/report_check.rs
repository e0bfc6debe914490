//! What the contract requires of a report. Posting any other would only cost gas.

use alloy::primitives::{Address, B256, Signature, keccak256};
use muster_client::protocol::course::Course;
use muster_client::protocol::layout::Terms;
use muster_client::protocol::receipt::{report_hash, supports};
use muster_client::protocol::report::{Entries, Entry};
use muster_client::protocol::shares::needed_probes;
use muster_client::{PostedReport, Progress, ServiceReceipt, Session, seats};

/// The fewest probes of the worker at `index` in a window with which a seat speaks; `None` if that worker is not judged in
/// that window.
pub(super) fn needed(terms: &Terms, course: &Course, index: u8, window: u8) -> Option<u8> {
    let length = |ticks: std::ops::Range<u32>| ticks.end.saturating_sub(ticks.start);
    let judged = length(course.judged_ticks(terms, index, window));
    let whole = length(course.window_ticks(terms, window));
    (judged > 0).then(|| needed_probes(terms.header.probes, judged, whole))
}

/// An agreement after its end, in which reports are checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReportCheck<'a> {
    /// Its terms.
    pub(super) terms: &'a Terms,
    /// Who took part until when, and the seed of its seats.
    pub(super) progress: &'a Progress,
    /// The domain of receipts and reports.
    pub(super) domain: B256,
}

impl ReportCheck<'_> {
    /// Whether the contract stores a report of the account `tester`, unless it has stored one of that place before.
    pub(super) fn accepts(&self, tester: Address, report: &PostedReport) -> bool {
        let PostedReport { place, salt, r, vs, entries } = report;
        let digest = report_hash(self.domain, *place, *salt, entries, keccak);
        let signature = Signature::from_erc2098([r.0, vs.0].as_flattened());
        if signature.recover_address_from_prehash(&digest).ok() != Some(tester) {
            return false;
        }
        let (session, mut least) = (Session { salt: *salt }, (0, 0));
        let held = seats(self.terms, &self.progress.seed, *place);
        let is_valid = |entry: Option<Entry>| {
            let Some(entry) = entry else { return false };
            let is_ascending = (entry.index, entry.window) >= least;
            least = (entry.index, entry.window.saturating_add(1));
            let is_held = held.checked_shr(entry.window.into()).is_some_and(|bits| bits & 1 == 1);
            let id = session.id(tester, entry.window);
            is_ascending
                && is_held
                && self.has_enough_probes(&entry)
                && self.has_receipt(&entry, id)
        };
        !entries.is_empty() && Entries(entries).all(is_valid)
    }

    /// Whether the numbers of an entry are those of a seat that speaks of a worker that is judged.
    fn has_enough_probes(&self, entry: &Entry) -> bool {
        let Entry { index, window, made, served, .. } = *entry;
        let needed = needed(self.terms, &self.progress.course, index, window);
        let is_counted = served <= made && made <= self.terms.header.probes;
        is_counted && needed.is_some_and(|needed| made >= needed)
    }

    /// Whether the worker has signed for as much as an entry claims of a session.
    fn has_receipt(&self, entry: &Entry, session: B256) -> bool {
        let Entry { index, window, served, parts, r, vs, .. } = *entry;
        let worker = self.terms.worker(index).map(|worker| worker.account);
        let signer = || ServiceReceipt { window, parts, r, vs }.signer(self.domain, session);
        worker.is_some() && (served == 0 || supports(parts, served) && signer() == worker)
    }
}

/// Keccak-256, in the form that the protocol takes.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

#[cfg(test)]
mod tests;
