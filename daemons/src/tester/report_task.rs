//! The report of one agreement: sent to the testers that post all reports in one transaction, and posted alone if it is
//! not on the chain in time.
//!
//! The time to report has three parts. In the first half the collectors post, one after the other. At a random moment of
//! the third quarter, a tester whose report is missing posts it alone, so a collector that withholds, forges or is late
//! costs nobody a fee. The last quarter is for retries.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::B256;
use muster_client::protocol::report::Entry;
use muster_client::{Agreement, PostedReport, Progress};
use muster_messaging::{Content, Message};

use super::collectors::Roster;
use super::probe_context::ProbeContext;
use crate::error::DaemonError;
use crate::schedule::draw;

/// Messages with reports that are kept; an agreement has at most 63 seats.
const MAX_REPORTS: usize = 256;

/// The report of one agreement, and those of others that were sent to this tester.
#[derive(Debug)]
pub(super) struct ReportTask {
    /// What the report needs of the tester.
    probe_context: Arc<ProbeContext>,
    /// The agreement.
    agreement: Agreement,
    /// Our place.
    place: u32,
    /// The testers, once the agreement has ended.
    roster: Option<Roster>,
    /// The reports that were sent to us, and the keys that sent them.
    received: Vec<(B256, PostedReport)>,
    /// Whether our report was sent to the collectors.
    is_sent: bool,
    /// Whether we have posted the reports, if we collect them.
    is_posted: bool,
}

impl ReportTask {
    /// A task for an agreement.
    pub(super) fn new(probe_context: Arc<ProbeContext>, agreement: Agreement, place: u32) -> Self {
        let (roster, received, is_sent, is_posted) = (None, Vec::new(), false, false);
        Self { probe_context, agreement, place, roster, received, is_sent, is_posted }
    }

    /// Keeps the report that the holder of a message key has sent. Whether it is valid is checked when it would be
    /// posted.
    pub(super) fn receive(&mut self, sender: B256, report: PostedReport) {
        let is_sender = |roster: &Roster| roster.key(report.place) == Some(sender);
        if self.received.len() < MAX_REPORTS && self.roster.as_ref().is_none_or(is_sender) {
            self.received.push((sender, report));
        }
    }

    /// Does what is due for a report of these entries, in the time to report. The next transaction will be in the tick
    /// `next`.
    pub(super) async fn step(
        &mut self,
        progress: &Progress,
        entries: &[Entry],
        next: u64,
    ) -> Result<(), DaemonError> {
        if self.roster.is_none() {
            self.roster = Some(Roster::read(&self.agreement, progress).await?);
        }
        let is_reported = self.agreement.reported(self.place).await?;
        if !is_reported && !self.is_sent {
            self.send(entries).await?;
            self.is_sent = true;
        }
        let times = self.agreement.times(progress);
        let (end, time) = (times.end(), u64::from(times.report_window));
        let posts_at = self.round().map(|round| end.saturating_add(posting(time, round)));
        if !self.is_posted && posts_at.is_some_and(|tick| next >= tick) {
            self.post(progress, entries, is_reported).await?;
            self.is_posted = true;
        } else if !is_reported && next >= end.saturating_add(self.alone(time)) {
            self.report(entries).await?;
        }
        Ok(())
    }

    /// The tick after the end from which on we report alone.
    fn alone(&self, time: u64) -> u64 {
        let seed = self.probe_context.moments(self.agreement.address(), b"report");
        let quarter = time.saturating_mul(3).checked_div(4).unwrap_or_default();
        draw(seed, 0, &(time.div_ceil(2)..quarter.saturating_add(1))).tick
    }

    /// The number of our round, if we collect.
    fn round(&self) -> Option<u64> {
        let collectors = &self.roster.as_ref()?.collectors;
        (0..).zip(collectors).find_map(|(round, place)| (*place == self.place).then_some(round))
    }

    /// Sends our report to the collectors. One that is too long for a message, or is lost, is posted alone later.
    async fn send(&self, entries: &[Entry]) -> Result<(), DaemonError> {
        let (agreement, signed) = (self.agreement.address(), self.sign(entries)?);
        let Some(roster) = &self.roster else { return Ok(()) };
        for place in roster.collectors.iter().filter(|place| **place != self.place) {
            let Some(key) = roster.key(*place) else { continue };
            let PostedReport { place: own, salt, r, vs, entries } = signed.clone();
            let content = Content::Report { place: own, salt, r, vs, entries };
            let chain_id = self.agreement.market().node().chain_id();
            let message = Message::request(chain_id, agreement, content);
            if let Err(error) = self.probe_context.request_client.send(key, &message).await {
                tracing::warn!(%agreement, collector = place, %error, "report not sent");
            }
        }
        Ok(())
    }

    /// Signs our report, so that others can post it.
    fn sign(&self, entries: &[Entry]) -> Result<PostedReport, DaemonError> {
        let (domain, place) = (self.agreement.receipt_domain(), self.place);
        let session = self.probe_context.session(self.agreement.address())?;
        Ok(PostedReport::sign(&self.probe_context.signer, domain, place, &session, entries)?)
    }

    /// Posts all reports that are missing on the chain, in one transaction, if there are others than ours.
    async fn post(
        &self,
        progress: &Progress,
        entries: &[Entry],
        is_reported: bool,
    ) -> Result<(), DaemonError> {
        let Some(roster) = &self.roster else { return Ok(()) };
        let mut reports = BTreeMap::new();
        for (sender, report) in &self.received {
            let place = report.place;
            if place != self.place
                && roster.key(place) == Some(*sender)
                && roster.accepts(&self.agreement, progress, report)
                && !self.agreement.reported(place).await?
            {
                reports.insert(place, report.clone());
            }
        }
        if reports.is_empty() {
            return Ok(());
        }
        if !is_reported {
            reports.insert(self.place, self.sign(entries)?);
        }
        let reports: Vec<_> = reports.into_values().collect();
        let address = self.agreement.address();
        let agreement = self.agreement.clone().with_purpose(&format!("batch/{address}"));
        let batch = agreement.report_batch(&reports).await?;
        let (stored, skipped) = (batch.stored.len(), batch.skipped.len());
        tracing::info!(agreement = %address, stored, skipped, "reports posted");
        metrics::counter!("muster_tester_posted_reports_total")
            .increment(u64::try_from(stored).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Posts our report alone.
    async fn report(&self, entries: &[Entry]) -> Result<(), DaemonError> {
        let address = self.agreement.address();
        let session = self.probe_context.session(address)?;
        let agreement = self.agreement.clone().with_purpose(&format!("report/{address}"));
        agreement.report(&session, entries).await?;
        metrics::counter!("muster_tester_reports_total").increment(1);
        Ok(())
    }
}

/// The tick after the end from which on the collector of a round posts: a quarter of the time to report, or three
/// eighths for the second.
const fn posting(time: u64, round: u64) -> u64 {
    time.saturating_mul(round.saturating_add(2)).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_post_in_the_first_half() {
        assert_eq!([0, 1].map(|round| posting(3_600, round)), [900, 1_350]);
        assert_eq!([0, 1].map(|round| posting(5, round)), [2, 2]);
    }
}
