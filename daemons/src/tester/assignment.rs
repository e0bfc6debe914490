//! One agreement whose list of testers has a place of ours: probe, report, settle.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::protocol::abi::{Entry, State};
use muster_client::{Agreement, Application, MarketError, Progress, seats};
use tokio_util::task::AbortOnDropHandle;

use super::check::Check;
use super::probe_context::ProbeContext;
use super::seat::Seat;
use crate::chain::Confirmed;
use crate::error::DaemonError;
use crate::health::NextEvent;
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
    /// How its workers are checked; without a check they are not probed.
    check: Option<Check>,
    /// The seat of the current window.
    seat: Option<Arc<Seat>>,
    /// The probes, by window and worker.
    probes: HashMap<(u8, u8), AbortOnDropHandle<()>>,
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
        check: Option<Check>,
    ) -> Self {
        if check.is_none() {
            let application = Application(agreement.terms().header.application);
            let agreement = agreement.address();
            tracing::warn!(%agreement, %application, "no check for this application; not probing");
        }
        Self {
            probe_context,
            agreement,
            place,
            check,
            seat: None,
            probes: HashMap::new(),
            settle_at: None,
            settlement_confirmed: Confirmed::default(),
        }
    }

    /// Reads who has accepted and what was judged.
    pub(super) fn progress(
        &self,
    ) -> impl Future<Output = (Address, Result<Progress, MarketError>)> + Send + use<> {
        let agreement = self.agreement.clone();
        async move { (agreement.address(), agreement.progress().await) }
    }

    /// Does what is due in the tick `now`; `None` if nothing is left to do in this agreement. The next transaction will
    /// be in the tick `next`.
    pub(super) async fn step(
        &mut self,
        progress: &Progress,
        now: u64,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let times = self.agreement.times(progress);
        let address = self.agreement.address();
        match times.state(next) {
            State::Offered => {
                let tick = times.last_accept().saturating_add(1);
                Ok(Some(NextEvent::at_tick(tick, format_args!("a worker to accept {address}"))))
            }
            State::Running => self.run_probes(progress, now).map(Some),
            State::Reporting => {
                let due = times.end().saturating_add(times.report_window.into());
                let half = due.saturating_sub(u64::from(times.report_window).div_ceil(2));
                if next < half && self.probes.values().any(|probe| !probe.is_finished()) {
                    let what = format_args!("probes of the workers of {address} to end");
                    return Ok(Some(NextEvent::at_tick(half, what)));
                }
                let next_event =
                    NextEvent::at_tick(due, format_args!("the settlement of {address}"));
                Ok(self.report(progress).await?.then_some(next_event))
            }
            _ => self.finish(progress, next).await,
        }
    }

    /// Starts the probes of the current window, if we hold a seat in it.
    fn run_probes(&mut self, progress: &Progress, now: u64) -> Result<NextEvent, DaemonError> {
        let terms = self.agreement.terms();
        let current = self.agreement.window_at(progress, now);
        let held = seats(terms, &progress.seed, self.place);
        let windows = self.agreement.windows(progress);
        let is_held = |window: u8| held.checked_shr(window.into()).is_some_and(|b| b & 1 == 1);
        let (window, ticks) = match windows.iter().find(|(window, _)| Some(*window) == current) {
            Some((window, ticks)) if is_held(*window) => (*window, ticks.clone()),
            _ => return Ok(self.next_seat(&windows, now, is_held, progress)),
        };
        let address = self.agreement.address();
        for index in 0..terms.header.redundancy {
            if progress.has_accepted(index) && progress.judged(index) > window {
                self.ensure_probe(index, window, ticks.clone())?;
            }
        }
        Ok(NextEvent::at_tick(ticks.end, format_args!("the end of window {window} of {address}")))
    }

    /// Starts the probe of a worker in a window, unless it runs or there is an observation.
    fn ensure_probe(&mut self, index: u8, window: u8, ticks: Range<u64>) -> Result<(), StoreError> {
        let Some(check) = &self.check else { return Ok(()) };
        if self.probes.contains_key(&(window, index)) {
            return Ok(());
        }
        let probed = self
            .probe_context
            .store
            .observations(self.agreement.address(), index)?
            .probed_windows();
        if probed.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1) {
            return Ok(());
        }
        let seat = match &self.seat {
            Some(seat) if seat.window == window => seat.clone(),
            _ => {
                let (probe_context, agreement) =
                    (self.probe_context.clone(), self.agreement.clone());
                let seat = Seat::new(
                    probe_context,
                    agreement,
                    check.clone(),
                    (window, ticks),
                    self.place,
                )?;
                self.seat.insert(Arc::new(seat)).clone()
            }
        };
        let probe = tokio::spawn(async move { seat.probe_worker(index).await });
        self.probes.insert((window, index), AbortOnDropHandle::new(probe));
        Ok(())
    }

    /// The next window in which we hold a seat; without one, the agreement's end.
    fn next_seat(
        &self,
        windows: &[(u8, Range<u64>)],
        now: u64,
        is_held: impl Fn(u8) -> bool,
        progress: &Progress,
    ) -> NextEvent {
        let address = self.agreement.address();
        let next = windows.iter().find(|(window, ticks)| ticks.start > now && is_held(*window));
        if let Some((window, ticks)) = next {
            return NextEvent::at_tick(ticks.start, format_args!("window {window} of {address}"));
        }
        let end = self.agreement.times(progress).end();
        NextEvent::at_tick(end, format_args!("the end of {address}"))
    }

    /// Reports the observations, unless the chain has the report; returns whether there are any.
    async fn report(&self, progress: &Progress) -> Result<bool, DaemonError> {
        let entries = self.entries(progress)?;
        if entries.is_empty() || self.is_reported(&entries).await? {
            return Ok(!entries.is_empty());
        }
        let address = self.agreement.address();
        let session = self.probe_context.session(address)?;
        let agreement = self.agreement.clone().with_purpose(&format!("report/{address}"));
        agreement.report(&session, entries).await?;
        metrics::counter!("muster_tester_reports_total").increment(1);
        Ok(true)
    }

    /// The observations of each worker that has accepted.
    fn entries(&self, progress: &Progress) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for index in 0..self.agreement.terms().header.redundancy {
            if progress.has_accepted(index) {
                let observations =
                    self.probe_context.store.observations(self.agreement.address(), index)?;
                entries.extend(observations.report_entry(index));
            }
        }
        Ok(entries)
    }

    /// Whether the chain has our report, which has all of these entries or none. The chain is asked every time, because a
    /// reorg can take the report back.
    async fn is_reported(&self, entries: &[Entry]) -> Result<bool, DaemonError> {
        let Some(first) = entries.first() else { return Ok(false) };
        Ok(self.agreement.reported(self.place, first.index).await?.0 != 0)
    }

    /// Collects the fee for the report: settles the agreement, if nobody else does for a random time.
    async fn finish(
        &mut self,
        progress: &Progress,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let entries = self.entries(progress)?;
        if !self.is_reported(&entries).await? {
            return Ok(None);
        }
        let address = self.agreement.address();
        let is_settled = self.agreement.state().await? == State::Settled;
        if let Some(next_event) = self.settlement_confirmed.observe(address, is_settled) {
            return Ok(Some(next_event));
        }
        if is_settled {
            let settled = self.agreement.settlement().await?;
            let parts = settled.iter().flat_map(|settled| &settled.testers);
            let own_parts = parts.filter(|part| part.account == self.probe_context.account);
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
            agreement.settle().await?;
        }
        Ok(Some(NextEvent::at_tick(settle_at, format_args!("somebody to settle {address}"))))
    }
}
