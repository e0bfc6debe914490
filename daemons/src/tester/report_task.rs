//! The report of one agreement: sent to the testers that post all reports together, and posted alone if it is not on the
//! chain in time.
//!
//! The time to report has three parts. In the first half the collectors post, one after the other. At a random moment of
//! the third quarter, a tester whose report is missing posts it alone, so a collector that withholds, forges or is late
//! costs nobody a fee. The last quarter is for retries.

use std::slice;
use std::sync::Arc;

use muster_client::protocol::report::Entry;
use muster_client::{Agreement, PostedReport, Progress, Snapshot, encode_batch, seats, urgent};
use muster_messaging::{Content, Message};
use tokio::task::JoinSet;

use super::collectors::Roster;
use super::probe_context::ProbeContext;
use super::report_check::ReportCheck;
use crate::error::DaemonError;
use crate::schedule::draw;

/// The most bytes of reports in one transaction. The contract reads 15 KiB of calldata, which a single report never has.
const MAX_BATCH: usize = 15_000;

/// The report of one agreement, and those of others, if this tester collects them.
#[derive(Debug)]
pub(super) struct ReportTask {
    /// What the report needs of the tester.
    probe_context: Arc<ProbeContext>,
    /// The agreement.
    agreement: Agreement,
    /// Our place.
    place: u32,
    /// The testers, once the agreement has started.
    roster: Option<Roster>,
    /// Whether our report was sent to the collectors.
    is_sent: bool,
    /// The messages to them that are under way.
    sending: JoinSet<()>,
    /// Whether we have posted the reports, if we collect them.
    is_posted: bool,
}

impl ReportTask {
    /// A task for an agreement.
    pub(super) fn new(probe_context: Arc<ProbeContext>, agreement: Agreement, place: u32) -> Self {
        let (roster, is_sent, sending, is_posted) = (None, false, JoinSet::new(), false);
        Self { probe_context, agreement, place, roster, is_sent, sending, is_posted }
    }

    /// Reads who tests, unless that is known, and receives their reports if this tester collects them.
    pub(super) async fn prepare(&mut self, progress: &Progress) -> Result<(), DaemonError> {
        let windows = self.agreement.windows(progress).len();
        let is_known = self.roster.as_ref().is_some_and(|roster| roster.windows == windows);
        if is_known || seats(self.agreement.terms(), &progress.seed, self.place) == 0 {
            return Ok(());
        }
        let roster = Roster::read(&self.agreement, progress).await?;
        if roster.round(self.place).is_some() {
            self.probe_context.report_inbox.open(self.agreement.address(), roster.keys());
        }
        self.roster = Some(roster);
        Ok(())
    }

    /// Does what is due for a report of these entries, in the time to report, and returns whether anything is left to do.
    /// Without entries there is no report of ours, but those of others if we collect them. The next transaction will be in
    /// the tick `next`.
    pub(super) async fn step(
        &mut self,
        snapshot: &Snapshot,
        entries: &[Entry],
        next: u64,
    ) -> Result<bool, DaemonError> {
        let progress = &snapshot.progress;
        self.prepare(progress).await?;
        let round = self.roster.as_ref().and_then(|roster| roster.round(self.place));
        let round = round.filter(|_| !self.is_posted);
        if entries.is_empty() && round.is_none() {
            return Ok(false);
        }
        let is_missing = !entries.is_empty() && !snapshot.has_reported;
        if is_missing && !self.is_sent {
            self.send(entries)?;
            self.is_sent = true;
        }
        let times = self.agreement.times(progress);
        let (end, time) = (times.end(), u64::from(times.report_window));
        let mut failure = None;
        if round.is_some_and(|round| next >= end.saturating_add(posting(time, round))) {
            match self.post(progress, entries).await {
                Ok(true) => {
                    self.is_posted = true;
                    return Ok(true);
                }
                Ok(false) => {}
                Err(error) => failure = Some(error),
            }
        }
        // That the reports of others cannot be posted is no reason to lose our own.
        if is_missing && next >= end.saturating_add(self.alone(time)) {
            self.report(entries).await?;
        }
        failure.map_or(Ok(true), Err)
    }

    /// The tick after the end from which on we report alone.
    fn alone(&self, time: u64) -> u64 {
        let seed = self.probe_context.moments(self.agreement.address(), b"report");
        let quarter = time.saturating_mul(3).checked_div(4).unwrap_or_default();
        draw(seed, 0, &(time.div_ceil(2)..quarter.saturating_add(1))).tick
    }

    /// Sends our report to the collectors, in tasks of their own, because no step must wait for a relay. One that is too long
    /// for a message, or is lost, is posted alone later.
    fn send(&mut self, entries: &[Entry]) -> Result<(), DaemonError> {
        let (agreement, signed) = (self.agreement.address(), self.sign(entries)?);
        let Some(roster) = &self.roster else { return Ok(()) };
        let keys = roster.keys();
        for place in roster.collectors.iter().filter(|place| **place != self.place) {
            let Some(key) = keys.get(place) else { continue };
            let PostedReport { place: own, salt, r, vs, entries } = signed.clone();
            let content = Content::Report { place: own, salt, r, vs, entries };
            let chain_id = self.agreement.market().node().chain_id();
            let message = Message::request(chain_id, agreement, content);
            let (probe_context, key, place) = (self.probe_context.clone(), *key, *place);
            self.sending.spawn(async move {
                if let Err(error) = probe_context.request_client.send(key, &message).await {
                    tracing::warn!(%agreement, collector = place, %error, "report not sent");
                }
            });
        }
        Ok(())
    }

    /// Signs our report, so that others can post it.
    fn sign(&self, entries: &[Entry]) -> Result<PostedReport, DaemonError> {
        let (domain, place) = (self.agreement.receipt_domain(), self.place);
        let session = self.probe_context.session(self.agreement.address())?;
        Ok(PostedReport::sign(&self.probe_context.signer, domain, place, &session, entries)?)
    }

    /// Posts all reports that the contract takes and does not have, ours among them; returns whether others have sent any.
    async fn post(&self, progress: &Progress, entries: &[Entry]) -> Result<bool, DaemonError> {
        let Some(roster) = &self.roster else { return Ok(false) };
        let (address, domain) = (self.agreement.address(), self.agreement.receipt_domain());
        let check = ReportCheck { terms: self.agreement.terms(), progress, domain };
        let mut reports = self.probe_context.report_inbox.reports(address);
        reports.retain(|place, report| {
            let tester = roster.account(*place);
            *place != self.place && tester.is_some_and(|tester| check.accepts(tester, report))
        });
        if reports.is_empty() {
            return Ok(false);
        }
        if !entries.is_empty() {
            reports.insert(self.place, self.sign(entries)?);
        }
        for batch in batches(reports.into_values()) {
            let places: Vec<_> = batch.iter().map(|report| report.place).collect();
            let reported = self.agreement.which_reported(&places).await?;
            let missing = batch.into_iter().zip(reported).filter(|(_, reported)| !reported);
            let missing: Vec<_> = missing.map(|(report, _)| report).collect();
            // Ours alone has its own time.
            if missing.iter().all(|report| report.place == self.place) {
                continue;
            }
            let agreement = self.agreement.clone().with_purpose(&format!("batch/{address}"));
            let batch = urgent(agreement.report_batch(&missing)).await?;
            let (stored, skipped) = (batch.stored.len(), batch.skipped.len());
            tracing::info!(agreement = %address, stored, skipped, "reports posted");
            metrics::counter!("muster_tester_posted_reports_total")
                .increment(u64::try_from(stored).unwrap_or(u64::MAX));
        }
        Ok(true)
    }

    /// Posts our report alone.
    async fn report(&self, entries: &[Entry]) -> Result<(), DaemonError> {
        let address = self.agreement.address();
        let session = self.probe_context.session(address)?;
        let agreement = self.agreement.clone().with_purpose(&format!("report/{address}"));
        urgent(agreement.report_at(self.place, &session, entries)).await?;
        metrics::counter!("muster_tester_reports_total").increment(1);
        Ok(())
    }
}

impl Drop for ReportTask {
    fn drop(&mut self) {
        self.probe_context.report_inbox.close(self.agreement.address());
    }
}

/// Reports in groups that fit into one transaction each.
fn batches(reports: impl Iterator<Item = PostedReport>) -> Vec<Vec<PostedReport>> {
    let (mut batches, mut left) = (Vec::<Vec<_>>::new(), 0_usize);
    for report in reports {
        let length = encode_batch(slice::from_ref(&report)).len();
        if let (Some(rest), Some(batch)) = (left.checked_sub(length), batches.last_mut()) {
            left = rest;
            batch.push(report);
        } else {
            left = MAX_BATCH.saturating_sub(length);
            batches.push(vec![report]);
        }
    }
    batches
}

/// The tick after the end from which on the collector of a round posts: a quarter of the time to report, or three
/// eighths for the second.
const fn posting(time: u64, round: u64) -> u64 {
    time.saturating_mul(round.saturating_add(2)).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{B256, Bytes};

    use super::*;

    #[test]
    fn collectors_post_in_the_first_half() {
        assert_eq!([0, 1].map(|round| posting(3_600, round)), [900, 1_350]);
        assert_eq!([0, 1].map(|round| posting(5, round)), [2, 2]);
    }

    #[test]
    fn reports_are_posted_in_as_few_transactions_as_fit() {
        // A report has 102 bytes before its entries, an entry 72.
        let report = |place: u32, entries: usize| PostedReport {
            place,
            salt: B256::ZERO,
            r: B256::ZERO,
            vs: B256::ZERO,
            entries: Bytes::from(vec![0; 72 * entries]),
        };
        assert!(batches(std::iter::empty()).is_empty());
        let longest = 21 * 8;
        let entries = [longest, 20, 16, longest, 1, 200, 1];
        let batches = batches((0..).zip(entries).map(|(place, count)| report(place, count)));
        let places = batches.iter().map(|batch| batch.iter().map(|of| of.place).collect());
        assert_eq!(places.collect::<Vec<Vec<_>>>(), [vec![0, 1, 2], vec![3, 4], vec![5, 6]]);
        for batch in &batches {
            assert!(encode_batch(batch).len() <= MAX_BATCH);
        }
    }
}
