//! What the contract requires of a report. Posting any other would only cost gas.

use alloy::primitives::{Address, B256};
use muster_client::protocol::layout::Terms;
use muster_client::protocol::receipt::supports;
use muster_client::protocol::report::{Entries, Entry};
use muster_client::{PostedReport, Progress, ServiceReceipt, Session, holds_seat, seats};

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
        if report.signer(self.domain) != Some(tester) {
            return false;
        }
        let PostedReport { place, salt, entries, .. } = report;
        let (session, mut least) = (Session { salt: *salt }, (0, 0));
        let held = seats(self.terms, &self.progress.seed, *place);
        let is_valid = |entry: Option<Entry>| {
            let Some(entry) = entry else { return false };
            let is_ascending = (entry.index, entry.window) >= least;
            least = (entry.index, entry.window.saturating_add(1));
            let id = session.id(tester, entry.window);
            is_ascending
                && holds_seat(held, entry.window)
                && self.has_enough_probes(&entry)
                && self.has_receipt(&entry, id)
        };
        !entries.is_empty() && Entries(entries).all(is_valid)
    }

    /// Whether the numbers of an entry are those of a seat that speaks of a worker that is judged.
    fn has_enough_probes(&self, entry: &Entry) -> bool {
        let Entry { index, window, made, served, .. } = *entry;
        let needed = self.progress.course.needed_probes(self.terms, index, window);
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

#[cfg(test)]
mod tests;
