//! The tester as a whole: what runs, and the order of a step.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use alloy::primitives::Address;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use muster_client::protocol::abi::Worker;
use muster_client::{Application, Head, MarketError};
use tokio_util::sync::CancellationToken;

use super::assignment::Assignment;
use super::membership;
use super::options::TesterOptions;
use super::probe_context::ProbeContext;
use crate::chain::{date_of_tick, existing_agreements, scan_purchases, skip_history};
use crate::context::{DaemonContext, Payout};
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::periodic::Periodic;
use crate::run_loop::Daemon;

/// Agreements in which something is done at the same time: the transaction of one does not wait for that of another.
const MAX_CONCURRENT_STEPS: usize = 8;

/// A tester.
#[derive(Debug)]
pub struct TesterDaemon {
    /// The account, its state file and its transport.
    context: DaemonContext,
    /// What the operator chose.
    options: TesterOptions,
    /// What probes need.
    probe_context: Arc<ProbeContext>,
    /// The agreements whose list of testers has a place of ours.
    assignments: HashMap<Address, Assignment>,
    /// Our places in lists, by epoch.
    places: HashMap<u32, u32>,
    /// The registration, as it was read last; `None` if there is none.
    registration: Option<Worker>,
    /// When the registration is read: what changes it is mostly this daemon.
    registration_check: Periodic,
    /// When the credit is looked at.
    credit_check: Periodic,
    /// Cancelled when the tester has left.
    has_left: CancellationToken,
}

impl TesterDaemon {
    /// Starts a tester with the state that its file holds; [`crate::run`] makes the steps.
    ///
    /// # Errors
    /// [`DaemonError::Market`], [`DaemonError::Store`], [`DaemonError::Message`], [`DaemonError::Http`].
    pub async fn start(
        context: DaemonContext,
        options: TesterOptions,
    ) -> Result<Self, DaemonError> {
        #[cfg(feature = "failpoints")]
        crate::failpoint::declare(super::failpoints::FAILPOINTS);
        let probe_context = ProbeContext::open(&context, &options).await?;
        Ok(Self {
            registration: None,
            registration_check: Periodic::every(context.poll_intervals().rare()),
            credit_check: Periodic::every(context.poll_intervals().rare()),
            context,
            options,
            probe_context: Arc::new(probe_context),
            assignments: HashMap::new(),
            places: HashMap::new(),
            has_left: CancellationToken::new(),
        })
    }

    /// Completes when the tester has left the market and has withdrawn everything. It never does if the tester is
    /// dropped before that.
    pub fn left(&self) -> impl Future<Output = ()> + Send + use<> {
        self.has_left.clone().cancelled_owned()
    }

    /// Reads the registration, if that is due.
    async fn read_registration(&mut self) -> Result<(), DaemonError> {
        if self.options.leave || self.registration_check.is_due() {
            self.registration = self.context.registration(Application::TESTER).await?;
            self.registration_check.record();
        }
        Ok(())
    }

    /// Scans for agreements that may have a place of ours, and returns the latest block. An account that is not registered
    /// has none in past ones.
    async fn scan_agreements(&self) -> Result<Head, DaemonError> {
        let (market, store) = (self.context.market(), self.context.store());
        if self.registration.is_none() {
            skip_history(market, store).await?;
        }
        scan_purchases(market, store, self.options.first_block, |_| true).await
    }

    /// Starts an assignment for each new agreement with a place of ours, and closes the other ones.
    async fn load_assignments(&mut self) -> Result<(), DaemonError> {
        let store = self.context.store().clone();
        let mut new = store.open_agreements()?;
        new.retain(|address| !self.assignments.contains_key(address));
        for agreement in existing_agreements(self.context.market(), &new).await? {
            let address = agreement.address();
            let header = &agreement.terms().header;
            let place = if header.testers == 0 { None } else { self.place(header.epoch).await? };
            match place.filter(|place| *place < header.pool) {
                None => store.close_agreement(address)?,
                Some(place) => {
                    let kind = self.options.checks.for_application(header.application.into());
                    let assignment =
                        Assignment::new(self.probe_context.clone(), agreement, place, kind);
                    self.assignments.insert(address, assignment);
                }
            }
        }
        Ok(())
    }

    /// Our place in the list of an epoch, if we have one.
    async fn place(&mut self, epoch: u32) -> Result<Option<u32>, DaemonError> {
        if let Some(place) = self.places.get(&epoch) {
            return Ok(Some(*place));
        }
        let place = self.context.market().place(self.context.account(), epoch).await?;
        self.places.extend(place.map(|place| (epoch, place)));
        Ok(place)
    }

    /// Does what is due in every agreement, first where the time to report ends first. An agreement whose step fails does not
    /// keep the others from theirs.
    async fn step_assignments(&mut self, head: &Head) -> Result<Option<NextEvent>, DaemonError> {
        let market = self.context.market();
        let (now, next) = (market.tick_at(head), market.next_tick_at(head));
        let places: Vec<_> = self.assignments.values().map(Assignment::place).collect();
        let snapshots = market.snapshots(&places).await?;
        let (mut next_event, mut failed) = (None, None);
        let (mut steps, mut gone) = (Vec::<(u64, BoxFuture<'_, _>)>::new(), Vec::new());
        for ((address, assignment), snapshot) in self.assignments.iter_mut().zip(snapshots) {
            match snapshot {
                Ok(snapshot) => {
                    let deadline = assignment.report_deadline(&snapshot, next);
                    let step = assignment.step(snapshot, now, next);
                    steps.push((deadline, async { (*address, step.await) }.boxed()));
                }
                // A reorg has taken the purchase back.
                Err(MarketError::NoContract(_)) => gone.push(*address),
                Err(error) => failed = Some(error.into()),
            }
        }
        steps.sort_by_key(|(deadline, _)| *deadline);
        let steps: Vec<_> = steps.into_iter().map(|(_, step)| step).collect();
        let steps = stream::iter(steps).buffer_unordered(MAX_CONCURRENT_STEPS);
        let steps: Vec<_> = steps.collect().await;
        self.assignments.retain(|address, _| !gone.contains(address));
        for (address, due) in steps {
            match due {
                Ok(None) => {
                    self.credit_check.hurry();
                    self.context.store().close_agreement(address)?;
                    self.assignments.remove(&address);
                }
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                Err(error) if error.is_transient() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        metrics::gauge!("muster_tester_agreements")
            .set(f64::from(u32::try_from(self.assignments.len()).unwrap_or(u32::MAX)));
        failed.map_or(Ok(next_event), Err)
    }

    /// Registers and checks in, if that is due. What was sent has changed the registration.
    async fn stay_member(
        &mut self,
        registration: Option<&Worker>,
        head: &Head,
    ) -> Result<NextEvent, DaemonError> {
        let has_joined = membership::ensure_joined(&self.context, registration).await;
        let epoch = self.context.market().epoch_of(self.context.market().next_tick_at(head));
        let is_listed = registration.is_some_and(|tester| tester.lastEpoch > epoch);
        if !is_listed || !matches!(has_joined, Ok(false)) {
            self.registration_check.hurry();
        }
        has_joined?;
        if !is_listed {
            membership::check_in(&self.context, epoch).await?;
        }
        Ok(membership::next_list(self.context.market(), epoch))
    }

    /// Withdraws the credit once it reaches `threshold` wei.
    async fn withdraw(&self, threshold: u128) -> Result<(), DaemonError> {
        let credit = self.context.market().credit(self.context.account()).await?;
        let payout = Payout { threshold, ..self.options.payout };
        self.context.withdraw_credit(credit, &payout).await
    }

    /// Takes the bond back and withdraws all credit, as soon as the market allows it.
    async fn leave(&self, registration: Option<&Worker>) -> Result<NextEvent, DaemonError> {
        if let Some(tester) = registration
            && let Some(next_event) = membership::leave(&self.context, tester).await?
        {
            return Ok(next_event);
        }
        self.withdraw(0).await?;
        self.has_left.cancel();
        Ok(NextEvent::untimed("nothing: it has left"))
    }
}

impl Daemon for TesterDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        self.read_registration().await?;
        let head = self.scan_agreements().await?;
        self.load_assignments().await?;
        let due = self.step_assignments(&head).await;
        let registration = self.registration;
        if self.options.leave {
            return match due? {
                Some(due) => Ok(due),
                None => self.leave(registration.as_ref()).await,
            };
        }
        // A report that fails is no reason to miss an epoch.
        let next_epoch = self.stay_member(registration.as_ref(), &head).await?;
        let due = due?;
        if self.credit_check.is_due() {
            self.withdraw(self.options.payout.threshold).await?;
            self.credit_check.record();
        }
        self.context.store().check()?;
        Ok(due.map_or(next_epoch.clone(), |due| due.earlier(next_epoch)))
    }

    async fn date(&self, tick: u64) -> Option<Box<str>> {
        date_of_tick(self.context.market(), tick).await
    }

    async fn stop(&mut self) {
        self.assignments.clear();
    }
}
