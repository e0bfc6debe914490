//! The client as a whole: what runs, and the order of a step.

use std::collections::HashMap;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkerDispatcher::ContractBought;
use muster_client::{MarketError, Snapshot};
use muster_messaging::{PassResponder, SampleResponder};
use tokio::task::JoinSet;

use super::agreement_task::AgreementTask;
use super::client_responder::ClientResponder;
use super::options::ClientOptions;
use super::replicas::Reconciler;
use crate::chain::{
    RpcChainView, Snapshots, date_of_tick, existing_agreements, look_at, scan_purchases,
};
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::periodic::Periodic;
use crate::responder::spawn_responder;
use crate::run_loop::Daemon;

/// A client.
#[derive(Debug)]
pub struct ClientDaemon {
    /// The account, its state file and its transport.
    context: DaemonContext,
    /// What the operator chose.
    options: ClientOptions,
    /// The agreements that are not settled.
    tasks: HashMap<Address, AgreementTask>,
    /// Keeps replicas, if it is told to.
    reconciler: Option<Reconciler>,
    /// Whether the only agreement is settled.
    is_over: bool,
    /// When the credit is looked at.
    credit_check: Periodic,
    /// Replies to messages.
    responder_task: JoinSet<()>,
}

impl ClientDaemon {
    /// Starts a client with the state that its file holds. When this returns, messages are answered; [`crate::run`]
    /// makes the steps.
    ///
    /// # Errors
    /// [`DaemonError::Message`].
    pub async fn start(
        context: DaemonContext,
        options: ClientOptions,
    ) -> Result<Self, DaemonError> {
        #[cfg(feature = "failpoints")]
        crate::failpoint::declare(super::failpoints::FAILPOINTS);
        let chain_view = Arc::new(RpcChainView::new(context.market().clone()));
        let replay_guard = Arc::new(context.store().clone());
        let samples = options
            .samples
            .clone()
            .map(|source| SampleResponder::new(context.account(), chain_view.clone(), source));
        let passes = PassResponder::new(context.signer().clone(), chain_view, replay_guard);
        let responder = ClientResponder { passes, samples, orders: context.orders().cloned() };
        let responder_task = spawn_responder(&context, responder).await?;
        let target = options.replicas.filter(|_| options.only_agreement.is_none());
        let watch = options.watch.clone();
        let reconciler =
            target.map(|target| Reconciler::new(target, options.document.clone(), watch));
        let credit_check = Periodic::every(context.poll_intervals().rare());
        let (tasks, is_over) = (HashMap::new(), false);
        Ok(Self { context, options, tasks, reconciler, is_over, credit_check, responder_task })
    }

    /// Whether the only agreement that it attends to is settled.
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The agreements that it attends to, and the tick in which the next transaction will be.
    async fn open_agreements(&self) -> Result<(Vec<Address>, u64), DaemonError> {
        if let Some(only) = self.options.only_agreement {
            if self.is_over {
                return Ok((Vec::new(), 0));
            }
            return Ok((vec![only], self.context.market().next_tick().await?));
        }
        let (market, store, account) =
            (self.context.market(), self.context.store(), self.context.account());
        let is_ours = |bought: &ContractBought| bought.client == account;
        let head = scan_purchases(market, store, self.options.first_block, is_ours).await?;
        let mut open = store.open_agreements()?;
        if let Some(watch) = &self.options.watch {
            open.retain(|agreement| watch.is_ours(*agreement));
        }
        Ok((open, market.next_tick_at(&head)))
    }

    /// Does what is due in every agreement. An agreement whose step fails does not keep the others from theirs.
    async fn step_agreements(&mut self) -> Result<Option<NextEvent>, DaemonError> {
        let (mut next_event, mut failed) = (None, None);
        let (addresses, next) = self.open_agreements().await?;
        for (address, snapshot) in self.snapshots(&addresses).await? {
            match self.step_agreement(address, snapshot, next).await {
                Ok(None) => {
                    self.credit_check.hurry();
                    self.is_over = self.options.only_agreement.is_some();
                    self.context.store().close_agreement(address)?;
                    self.tasks.remove(&address);
                }
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                Err(error) if error.is_transient() => {
                    // If a reorg has taken the purchase back, the next step finds no agreement.
                    self.tasks.remove(&address);
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(next_event), Err)
    }

    /// Starts a task for each of these agreements that has none, and looks at all of them. One that a reorg has taken back is
    /// left out.
    async fn snapshots(&mut self, addresses: &[Address]) -> Result<Snapshots, MarketError> {
        let (market, account) = (self.context.market(), self.context.account());
        let mut new = addresses.to_vec();
        new.retain(|address| !self.tasks.contains_key(address));
        for agreement in existing_agreements(market, &new).await? {
            let address = agreement.address();
            let task = AgreementTask::new(agreement, account, self.options.settle_delay);
            self.tasks.insert(address, task);
        }
        let known = addresses.iter().filter_map(|address| self.tasks.get(address));
        look_at(market, known.map(AgreementTask::agreement)).await
    }

    /// Does what is due in one agreement; `None` if nothing is left to do in it. The next transaction will be in the tick
    /// `next`.
    async fn step_agreement(
        &mut self,
        address: Address,
        snapshot: Result<Snapshot, MarketError>,
        next: u64,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let Some(task) = self.tasks.get_mut(&address) else { return Ok(None) };
        let renewal = self.options.renewal.as_ref();
        let renewal = renewal.filter(|_| self.options.only_agreement.is_none());
        task.step(&self.context, renewal, &snapshot?, next).await
    }

    /// Hires workers that are missing.
    async fn keep_replicas(&mut self) -> Result<Option<NextEvent>, DaemonError> {
        let Some(reconciler) = &mut self.reconciler else { return Ok(None) };
        let agreements =
            self.tasks.values().filter_map(|task| Some((task.agreement(), task.progress()?)));
        let agreements: Vec<_> = agreements.collect();
        reconciler.step(&self.context, &agreements).await.map(Some)
    }

    /// Withdraws the credit once it reaches the threshold.
    async fn withdraw(&mut self) -> Result<(), DaemonError> {
        if self.credit_check.is_due() {
            let credit = self.context.market().credit(self.context.account()).await?;
            self.context.withdraw_credit(credit, &self.options.payout).await?;
            self.credit_check.record();
        }
        Ok(())
    }
}

impl Daemon for ClientDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        let mut due = self.step_agreements().await;
        // Who is missing is only known if every agreement is.
        if let Ok(next_event) = due {
            let kept = self.keep_replicas().await;
            due = kept.map(|kept| NextEvent::earliest(next_event, kept));
        }
        self.withdraw().await?;
        self.context.store().check()?;
        Ok(due?.unwrap_or_else(|| NextEvent::untimed("agreements")))
    }

    async fn date(&self, tick: u64) -> Option<Box<str>> {
        date_of_tick(self.context.market(), tick).await
    }

    async fn stop(&mut self) {
        self.responder_task.shutdown().await;
    }
}
