//! The worker as a whole: what runs, and the order of a step.

use std::collections::HashMap;
use std::sync::Arc;

use alloy::primitives::{Address, U256};
use muster_client::protocol::abi::IWorkerDispatcher::ContractBought;
use muster_client::protocol::abi::{Clock, State, Worker as RegisteredWorker};
use muster_client::{MarketError, Snapshot, state_text, urgent};
use muster_gateway::{Gateway, Secret};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;
use tokio::time::Duration;
use tokio_util::task::AbortOnDropHandle;

use super::agreement_table::{AgreementTable, TableEntry};
use super::agreement_task::AgreementTask;
use super::fitness::Fitness;
use super::front::{responder, start_gateway};
use super::keepalive::Keepalive;
use super::listing::BookListing;
use super::options::WorkerOptions;
use super::self_check::{OwnKey, spawn_self_check};
use super::services::Services;
use super::units::wei_to_ether;
use crate::chain::{
    Snapshots, date_of_tick, existing_agreements, look_at, scan_purchases, skip_history,
};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::periodic::Periodic;
use crate::responder::spawn_responder;
use crate::run_loop::Daemon;

/// The states of an agreement before it is settled.
const UNSETTLED_STATES: [State; 4] = [State::Offered, State::Running, State::Reporting, State::Due];

/// How old the block may be by which the gateway's time goes.
const RECENT: Duration = Duration::from_secs(1);

/// A worker.
#[derive(Debug)]
pub struct WorkerDaemon {
    /// The account, its state file and its transport.
    context: DaemonContext,
    /// What the operator chose.
    options: WorkerOptions,
    /// Forwards requests of token holders; `None` once it is stopped.
    gateway: Option<Gateway>,
    /// The URL that token holders are told.
    url: Box<str>,
    /// What the gateway knows of agreements.
    agreement_table: Arc<AgreementTable>,
    /// The services behind the gateway.
    services: Services,
    /// Whether what earlier processes left of agreements that are over was deleted.
    has_cleaned: bool,
    /// The agreements that are not settled.
    tasks: HashMap<Address, AgreementTask>,
    /// Keeps the worker listed.
    listing: BookListing,
    /// What the worker's own checks found.
    fitness: Fitness,
    /// Makes these checks; `None` once it is stopped.
    self_check: Option<AbortOnDropHandle<()>>,
    /// Keeps the market's programs alive.
    keepalive: Keepalive,
    /// When purchases are scanned for although the registration says that there is none.
    scan: Periodic,
    /// The agreements and the bonds of the registration when purchases were scanned for.
    scanned: Option<(u16, u128)>,
    /// When the credit is looked at.
    credit_check: Periodic,
    /// Replies to messages.
    responder_task: JoinSet<()>,
}

impl WorkerDaemon {
    /// Starts a worker with the state that its file holds. When this returns, the gateway listens and messages are
    /// answered; [`crate::run`] makes the steps.
    ///
    /// # Errors
    /// [`DaemonError::Gateway`], [`DaemonError::Message`], [`DaemonError::Store`].
    pub async fn start(
        context: DaemonContext,
        options: WorkerOptions,
    ) -> Result<Self, DaemonError> {
        #[cfg(feature = "failpoints")]
        crate::failpoint::declare(super::failpoints::FAILPOINTS);
        let secret = Secret::new(*context.store().secret("gateway")?.expose_secret());
        let (agreement_table, fitness) = (Arc::new(AgreementTable::default()), Fitness::default());
        let own = (&secret, OwnKey::random());
        let gateway = start_gateway(&context, &options, &agreement_table, own).await?;
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let own_url = || format!("{scheme}://{}", gateway.address()).into();
        let url: Box<str> = options.public_url.clone().unwrap_or_else(own_url);
        let self_check =
            spawn_self_check(&context, &options, agreement_table.clone(), own, fitness.clone())?;
        let responder = responder(&context, &options, secret.clone(), url.clone());
        let responder_task = spawn_responder(&context, responder).await?;
        Ok(Self {
            services: Services::new(options.source.clone(), context.signer()),
            has_cleaned: false,
            listing: BookListing::new(options.make_available, fitness.clone()),
            fitness,
            self_check: Some(self_check),
            keepalive: Keepalive::default(),
            scan: Periodic::every(context.poll_intervals().fallback()),
            scanned: None,
            credit_check: Periodic::every(context.poll_intervals().rare()),
            gateway: Some(gateway),
            tasks: HashMap::new(),
            context,
            options,
            url,
            agreement_table,
            responder_task,
        })
    }

    /// The URL that token holders are told.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scans for agreements that chose this worker, if the registration shows one that was not scanned for; from time to time
    /// anyway, because nodes can contradict each other. An account that is not registered was never chosen.
    async fn scan_agreements(
        &mut self,
        registration: Option<&RegisteredWorker>,
    ) -> Result<(), DaemonError> {
        let shown = registration.map(|worker| (worker.active, worker.locked));
        if shown == self.scanned && !self.scan.is_due() {
            return Ok(());
        }
        let (market, store, account) =
            (self.context.market(), self.context.store(), self.context.account());
        if registration.is_none() {
            return skip_history(market, store).await;
        }
        let is_ours = |bought: &ContractBought| bought.workers.contains(&account);
        scan_purchases(market, store, self.options.first_block, is_ours).await?;
        self.scanned = shown;
        self.scan.record();
        Ok(())
    }

    /// Starts a task for each open agreement that has none. The scan has found all of them: what is on disk of others can go.
    async fn load_tasks(&mut self) -> Result<(), DaemonError> {
        let mut open = self.context.store().open_agreements()?;
        if !std::mem::replace(&mut self.has_cleaned, true) {
            self.services.delete_others(&open).await;
        }
        let (account, settle_delay) = (self.context.account(), self.options.settle_delay);
        open.retain(|address| !self.tasks.contains_key(address));
        for agreement in existing_agreements(self.context.market(), &open).await? {
            let address = agreement.address();
            self.tasks.insert(address, AgreementTask::new(agreement, account, settle_delay));
        }
        Ok(())
    }

    /// Looks at all agreements, of which those to be accepted come first: they have the shortest time.
    async fn snapshots(&self) -> Result<Snapshots, MarketError> {
        let mut tasks: Vec<_> = self.tasks.values().collect();
        tasks.sort_by_key(|task| task.state() != State::Offered);
        let has_offers = tasks.first().is_some_and(|task| task.state() == State::Offered);
        let agreements = tasks.iter().map(|task| task.agreement());
        let snapshots = look_at(self.context.market(), agreements);
        if has_offers { urgent(snapshots).await } else { snapshots.await }
    }

    /// Does what is due in every agreement, and updates what the gateway knows. An agreement whose step fails does not
    /// keep the others from theirs.
    async fn step_agreements(
        &mut self,
        registration: Option<&RegisteredWorker>,
    ) -> Result<Option<NextEvent>, DaemonError> {
        self.load_tasks().await?;
        let is_full = registration.is_some_and(|worker| worker.active >= worker.capacity);
        let needs_slot = self.options.release_slots && is_full;
        let (mut next_event, mut failed, mut open) = (None, None, Vec::new());
        // No agreement, no deadline.
        let market = self.context.market();
        let next = if self.tasks.is_empty() { 0 } else { market.next_tick().await? };
        for (address, snapshot) in self.snapshots().await? {
            let is_offered =
                self.tasks.get(&address).is_some_and(|task| task.state() == State::Offered);
            let step = self.step_agreement(address, snapshot, next, needs_slot, &mut open);
            match if is_offered { urgent(step).await } else { step.await } {
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                Err(error) if error.is_transient() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        for state in UNSETTLED_STATES {
            let count = self.tasks.values().filter(|task| task.state() == state).count();
            let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            metrics::gauge!("muster_worker_agreements", "state" => state_text(state)).set(count);
        }
        let market = self.context.market();
        // Nobody is served without an agreement, whatever the time is; and what has started did so by now, even if the block that
        // was read is from before the accept.
        let now = match open.iter().map(|(_, entry)| entry.ticks.start).max() {
            Some(started) => market.now_within(RECENT).await?.max(started),
            None => 0,
        };
        self.agreement_table.replace(now, market.settings().clock == Clock::Second, open);
        failed.map_or(Ok(next_event), Err)
    }

    /// Does what is due in one agreement, and adds its table entry to `open` if this worker serves it. The next transaction
    /// will be in the tick `next`.
    async fn step_agreement(
        &mut self,
        address: Address,
        snapshot: Result<Snapshot, MarketError>,
        next: u64,
        needs_slot: bool,
        open: &mut Vec<(Address, TableEntry)>,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let Some(task) = self.tasks.get_mut(&address) else { return Ok(None) };
        let due = match snapshot {
            Ok(snapshot) => task.step(&mut self.services, &snapshot, next, needs_slot).await,
            Err(error) => Err(error.into()),
        };
        match due {
            // A reorg has taken the purchase back. If it comes again, so does the task.
            Err(DaemonError::Market(MarketError::NoContract(_))) => {
                self.tasks.remove(&address);
                return Ok(None);
            }
            Ok(None) => {
                self.credit_check.hurry();
                self.services.delete(address).await;
                self.context.store().close_agreement(address)?;
                self.tasks.remove(&address);
            }
            // A running agreement is served whether or not its step failed.
            _ => open.extend(task.table_entry(&self.services).map(|entry| (address, entry))),
        }
        due
    }

    /// Withdraws the credit once it reaches the threshold.
    async fn withdraw(&mut self) -> Result<(), DaemonError> {
        if !self.credit_check.is_due() {
            return Ok(());
        }
        let (account, market) = (self.context.account(), self.context.market());
        let (credit, balance) =
            (market.credit(account).await?, market.node().balance(account).await?);
        metrics::gauge!("muster_worker_credit_ether").set(wei_to_ether(U256::from(credit)));
        metrics::gauge!("muster_worker_balance_ether").set(wei_to_ether(balance));
        self.context.withdraw_credit(credit, &self.options.payout).await?;
        self.credit_check.record();
        Ok(())
    }
}

impl Daemon for WorkerDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        let registration = self.context.registration(self.options.application).await?;
        self.scan_agreements(registration.as_ref()).await?;
        // Agreements come first, because they have deadlines.
        let due = self.step_agreements(registration.as_ref()).await;
        if let Err(error) = &due
            && !error.is_transient()
        {
            return due.map(|_| NextEvent::untimed("agreements"));
        }
        let listing_event =
            self.listing.maintain(&self.context, &self.options, registration.as_ref()).await?;
        let due = NextEvent::earliest(due?, listing_event);
        self.withdraw().await?;
        self.keepalive.run_if_due(&self.context).await?;
        self.context.store().check()?;
        Ok(due.unwrap_or_else(|| NextEvent::untimed("somebody to buy")))
    }

    async fn date(&self, tick: u64) -> Option<Box<str>> {
        date_of_tick(self.context.market(), tick).await
    }

    fn problem(&self) -> Option<Box<str>> {
        self.fitness.problem()
    }

    async fn stop(&mut self) {
        self.self_check = None;
        self.responder_task.shutdown().await;
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        self.services.stop_all().await;
    }
}
