//! The client: answers testers that ask for a pass, settles its agreements when they are due, and takes out
//! what comes back.
//!
//! Buying once and no more is in [`buy`], using an agreement's service in [`Connection`].

use std::collections::HashMap;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::MarketError;
use muster_messaging::PassResponder;
use tokio::task::JoinSet;
use tokio::time::Duration;

use self::agreement_task::AgreementTask;
use crate::chain_view::RpcChainView;
use crate::context::{DaemonContext, Payout};
use crate::error::DaemonError;
use crate::failpoint::{FailPoint, MESSAGE_STAGES, TX_STAGES};
use crate::health::NextEvent;
use crate::responder::spawn_responder;
use crate::run_loop::Daemon;
use crate::scan::scan_purchases;

mod agreement_task;
mod connect;
mod endpoint_pool;
mod endpoint_refresh;
mod proxy;
mod purchase;

pub use self::connect::{ConnectDaemon, ConnectOptions, EndpointInfo, fetch_endpoints};
pub use self::purchase::buy_once;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const FAILPOINTS: [FailPoint; 5] = [
    ("buy", TX_STAGES),
    ("settle", TX_STAGES),
    ("withdraw", TX_STAGES),
    ("endpoint", &["decided", "noted"]),
    ("letter", MESSAGE_STAGES),
];

/// What can be chosen about a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The one agreement that is attended; without it, all of the account.
    pub only_agreement: Option<Address>,
    /// Where refunds go, and when.
    pub payout: Payout,
    /// How long others have to settle first, at most.
    pub settle_delay: Duration,
    /// The block from which on agreements are looked for, if the state file is new.
    pub first_block: u64,
}

/// A client.
#[derive(Debug)]
pub struct ClientDaemon {
    /// The account, its state file and its letters.
    context: DaemonContext,
    /// What was chosen.
    options: ClientOptions,
    /// Agreements that are not settled.
    tasks: HashMap<Address, AgreementTask>,
    /// Whether the only agreement is over.
    is_over: bool,
    /// Answers letters.
    responder_task: JoinSet<()>,
}

impl ClientDaemon {
    /// A client that begins, or goes on where its state file ends. Letters are answered from now on.
    ///
    /// # Errors
    /// [`DaemonError::Message`].
    pub async fn start(
        context: DaemonContext,
        options: ClientOptions,
    ) -> Result<Self, DaemonError> {
        let chain_view = Arc::new(RpcChainView::new(context.market().clone()));
        let replay_guard = Arc::new(context.store().clone());
        let pass_responder = PassResponder::new(context.signer().clone(), chain_view, replay_guard);
        let responder_task = spawn_responder(&context, pass_responder).await?;
        Ok(Self { context, options, tasks: HashMap::new(), is_over: false, responder_task })
    }

    /// Whether the one agreement that it attends is settled.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The agreements that are to be attended.
    async fn open_agreements(&self) -> Result<Vec<Address>, DaemonError> {
        if let Some(only) = self.options.only_agreement {
            return Ok(if self.is_over { Vec::new() } else { vec![only] });
        }
        let (market, store, account) =
            (self.context.market(), self.context.store(), self.context.account());
        scan_purchases(market, store, self.options.first_block, |bought| bought.client == account)
            .await?;
        Ok(store.open_agreements()?)
    }

    /// Does what is due in every agreement.
    async fn step_agreements(&mut self) -> Result<Option<NextEvent>, DaemonError> {
        let (mut next_event, mut failed) = (None, None);
        for address in self.open_agreements().await? {
            match self.step_agreement(address).await {
                Err(DaemonError::Market(MarketError::NotAnAgreement(_))) => {}
                Ok(None) => {
                    self.is_over = self.options.only_agreement.is_some();
                    self.context.store().close_agreement(address)?;
                    self.tasks.remove(&address);
                }
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_transient() => {
                    // If the chain has moved back behind its purchase, the next step sees that it is gone.
                    self.tasks.remove(&address);
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(next_event), Err)
    }

    /// Does what is due in one agreement; `None` if nothing ever will be again.
    async fn step_agreement(&mut self, address: Address) -> Result<Option<NextEvent>, DaemonError> {
        if !self.tasks.contains_key(&address) {
            let agreement = self.context.market().agreement(address).await?;
            let task =
                AgreementTask::new(agreement, self.context.account(), self.options.settle_delay);
            self.tasks.insert(address, task);
        }
        match self.tasks.get_mut(&address) {
            Some(task) => task.step().await,
            None => Ok(None),
        }
    }

    /// Takes refunds out when they have reached so much.
    async fn withdraw(&self) -> Result<(), DaemonError> {
        let credit = self.context.market().credit(self.context.account()).await?;
        self.context.withdraw_credit(credit, &self.options.payout).await
    }
}

impl Daemon for ClientDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        let due = self.step_agreements().await;
        self.withdraw().await?;
        Ok(due?.unwrap_or_else(|| NextEvent::untimed("agreements")))
    }

    async fn stop(&mut self) {
        self.responder_task.shutdown().await;
    }
}
