//! One agreement whose list of testers has a place of ours: probe, report, settle.

use std::collections::HashMap;
use std::sync::Arc;

use muster_client::protocol::abi::State;
use muster_client::{Agreement, Application, Progress, Snapshot, holds_seat, seats, urgent};
use tokio_util::task::AbortOnDropHandle;

use super::measured_entries::measured_entries;
use super::probe::probe_worker;
use super::probe_context::ProbeContext;
use super::report_task::ReportTask;
use super::sample_cache::SampleCache;
use super::seat::Seat;
use crate::chain::{Confirmed, timing_of};
use crate::checks::ProbeKind;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::schedule::{Timing, draw, schedule};
use crate::store::StoreError;

/// An agreement, and the probes that run for it. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Assignment {
    /// What probes need.
    probe_context: Arc<ProbeContext>,
    /// The agreement.
    agreement: Agreement,
    /// Our place in its list of testers.
    place: u32,
    /// What probes of its workers are made of; `None` if they are not probed.
    kind: Option<ProbeKind>,
    /// Blobs of the client's jobs.
    samples: Arc<SampleCache>,
    /// The seats, by window, each with the task that asks for its pass.
    seats: HashMap<u8, (Arc<Seat>, AbortOnDropHandle<()>)>,
    /// The probes, by window and worker.
    probes: HashMap<(u8, u8), AbortOnDropHandle<()>>,
    /// The report.
    report_task: ReportTask,
    /// The tick in which this tester settles if nobody else has.
    settle_at: Option<u64>,
    /// Whether the settlement was seen before.
    settlement_confirmed: Confirmed,
}

impl Assignment {
    /// The assignment of a place in an agreement.
    pub(super) fn new(
        probe_context: Arc<ProbeContext>,
        agreement: Agreement,
        place: u32,
        kind: Option<ProbeKind>,
    ) -> Self {
        if kind.is_none() {
            let application = Application(agreement.terms().header.application);
            let agreement = agreement.address();
            tracing::warn!(%agreement, %application, "no check for this application; not probing");
        }
        Self {
            report_task: ReportTask::new(probe_context.clone(), agreement.clone(), place),
            probe_context,
            agreement,
            place,
            kind,
            samples: Arc::default(),
            seats: HashMap::new(),
            probes: HashMap::new(),
            settle_at: None,
            settlement_confirmed: Confirmed::default(),
        }
    }

    /// The agreement and our place, to look at.
    pub(super) const fn place(&self) -> (&Agreement, Option<u32>) {
        (&self.agreement, Some(self.place))
    }

    /// The last tick in which a report is taken, if this is the time to report; otherwise never.
    pub(super) fn report_deadline(&self, snapshot: &Snapshot, next: u64) -> u64 {
        let times = self.agreement.times(&snapshot.progress);
        match times.state(next) {
            State::Reporting => times.end().saturating_add(times.report_window.into()),
            _ => u64::MAX,
        }
    }

    /// Does what is due in the tick `now`; `None` if nothing is left to do in this agreement. The next transaction will
    /// be in the tick `next`.
    pub(super) async fn step(
        &mut self,
        snapshot: Snapshot,
        now: u64,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let progress = &snapshot.progress;
        let times = self.agreement.times(progress);
        let address = self.agreement.address();
        match times.state(next) {
            State::Offered => {
                let tick = times.last_accept().saturating_add(1);
                Ok(Some(NextEvent::at_tick(tick, format_args!("a worker to accept {address}"))))
            }
            State::Running => {
                let next_event = self.run_probes(progress, now)?;
                self.report_task.prepare(progress).await?;
                Ok(Some(next_event))
            }
            State::Reporting => {
                let time = u64::from(times.report_window);
                let due = times.end().saturating_add(time);
                let eighth = times.end().saturating_add(time.div_ceil(8));
                if next < eighth && self.probes.values().any(|probe| !probe.is_finished()) {
                    let what = format_args!("probes of the workers of {address} to end");
                    return Ok(Some(NextEvent::at_tick(eighth, what)));
                }
                let held = self.held(progress);
                let store = &self.probe_context.store;
                let entries = measured_entries(store, &self.agreement, progress, held)?;
                let is_needed = self.report_task.step(&snapshot, &entries, next).await?;
                let what = format_args!("the settlement of {address}");
                Ok(is_needed.then(|| NextEvent::at_tick(due, what)))
            }
            _ => self.finish(&snapshot, next).await,
        }
    }

    /// The windows in which our place holds a seat, bit k for window k.
    fn held(&self, progress: &Progress) -> u32 {
        seats(self.agreement.terms(), &progress.seed, self.place)
    }

    /// Starts the probes of every window in which we hold a seat, and ends those of workers that have left.
    fn run_probes(&mut self, progress: &Progress, now: u64) -> Result<NextEvent, DaemonError> {
        let (address, windows) = (self.agreement.address(), self.agreement.windows(progress));
        let seats = self.held(progress);
        let held: Vec<_> = windows
            .into_iter()
            .filter(|(window, ticks)| ticks.end > now && holds_seat(seats, *window))
            .collect();
        // A window that is over may still have a probe under way; one that was cancelled has none to make.
        let planned = progress.course.windows(self.agreement.terms());
        self.seats.retain(|window, _| *window < planned);
        self.probes
            .retain(|(window, index), _| *window < planned && !progress.has_resigned(*index));
        for (window, _) in &held {
            for index in 0..self.agreement.terms().header.redundancy {
                if progress.has_accepted(index) && !progress.has_resigned(index) {
                    self.ensure_probes(progress, index, *window, now)?;
                }
            }
        }
        let end = self.agreement.times(progress).end();
        Ok(match held.first() {
            None => NextEvent::at_tick(end, format_args!("the end of {address}")),
            Some((window, ticks)) if ticks.start > now => {
                NextEvent::at_tick(ticks.start, format_args!("window {window} of {address}"))
            }
            Some((window, ticks)) => {
                let what = format_args!("the end of window {window} of {address}");
                NextEvent::at_tick(ticks.end, what)
            }
        })
    }

    /// Starts the probes of a worker in a window, unless they run.
    fn ensure_probes(
        &mut self,
        progress: &Progress,
        index: u8,
        window: u8,
        now: u64,
    ) -> Result<(), StoreError> {
        let Some(kind) = self.kind.clone() else { return Ok(()) };
        if self.probes.contains_key(&(window, index)) {
            return Ok(());
        }
        let (agreement, context) = (&self.agreement, &self.probe_context);
        let timing = timing_of(agreement, progress, &context.store, (index, window), now)?;
        let Some(timing) = timing else { return Ok(()) };
        let seed = context.moments(agreement.address(), &[window, index]);
        let schedule = schedule(seed, &timing, agreement.terms().header.probes);
        let seat = self.ensure_seat(kind, window, &timing, now)?;
        let probes = tokio::spawn(probe_worker(seat, index, schedule, timing));
        self.probes.insert((window, index), AbortOnDropHandle::new(probes));
        Ok(())
    }

    /// The seat of a window, whose pass is asked for at a random moment soon.
    fn ensure_seat(
        &mut self,
        kind: ProbeKind,
        window: u8,
        timing: &Timing,
        now: u64,
    ) -> Result<Arc<Seat>, StoreError> {
        if let Some((seat, _)) = self.seats.get(&window) {
            return Ok(seat.clone());
        }
        let (context, agreement) = (self.probe_context.clone(), self.agreement.clone());
        let seed = context.moments(agreement.address(), &[window]);
        let at = draw(seed, 0, &(now..timing.passes_until().max(now)));
        let seat = Arc::new(Seat::new(
            context,
            agreement,
            kind,
            self.samples.clone(),
            window,
            self.place,
        )?);
        let (asking, timing) = (seat.clone(), timing.clone());
        let pass = tokio::spawn(async move { asking.fetch_pass(at, &timing).await });
        self.seats.insert(window, (seat.clone(), AbortOnDropHandle::new(pass)));
        Ok(seat)
    }

    /// Collects the fee for the report: settles the agreement, if nobody else does for a random time.
    async fn finish(
        &mut self,
        snapshot: &Snapshot,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        // The chain is asked every time, because a reorg can take the report back.
        if snapshot.progress.start() == 0 || !snapshot.has_reported {
            return Ok(None);
        }
        let (address, is_settled) = (self.agreement.address(), snapshot.is_settled);
        if let Some(next_event) = self.settlement_confirmed.observe(address, is_settled) {
            return Ok(Some(next_event));
        }
        if is_settled {
            let settled = self.agreement.settlement().await?;
            let parts = settled.iter().flat_map(|settled| &settled.testers);
            let own_parts = parts.filter(|part| part.account == self.probe_context.account());
            let fee = own_parts.fold(0, |sum: u128, part| sum.saturating_add(part.fee));
            metrics::counter!("muster_tester_fees_wei_total")
                .increment(u64::try_from(fee).unwrap_or(u64::MAX));
            return Ok(None);
        }
        let longest_delay = u64::from(self.agreement.terms().header.report_window).max(1);
        let settle_at = *self
            .settle_at
            .get_or_insert_with(|| next.saturating_add(rand::random_range(0..longest_delay)));
        if next >= settle_at {
            let agreement = self.agreement.clone().with_purpose(&format!("settle/{address}"));
            urgent(agreement.settle()).await?;
        }
        Ok(Some(NextEvent::at_tick(settle_at, format_args!("somebody to settle {address}"))))
    }
}
