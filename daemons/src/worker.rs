//! The worker: keeps its place in the book, accepts, serves through a gateway, settles, withdraws, and keeps
//! the market's programs alive.
//!
//! A step does what is due on the chain and renews what the gateway knows of it. Letters and requests are
//! answered beside the steps.

use std::collections::{HashMap, hash_map::Entry};
use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::protocol::abi::{Clock, State, Worker as RegisteredWorker};
use muster_client::{Application, MarketError, Offer, state_text};
use muster_gateway::{Config, Gateway, Limits, Secret};
use muster_messaging::{EndpointResponder, MessageKey};
use tokio::task::JoinSet;
use tokio::time::Duration;

use self::access::{AgreementAccess, AgreementTable};
use self::agreement_task::AgreementTask;
use self::endpoint_issuer::{ReceiptSigner, TokenIssuer};
use self::keepalive::Keepalive;
use self::listing::BookListing;
use self::service::Services;
use crate::chain_view::RpcChainView;
use crate::context::{DaemonContext, Payout};
use crate::error::DaemonError;
use crate::failpoint::{FailPoint, MESSAGE_STAGES, TX_STAGES};
use crate::health::{NextEvent, wei_to_ether};
use crate::responder::spawn_responder;
use crate::run_loop::Daemon;
use crate::scan::{scan_purchases, skip_history};

mod access;
mod agreement_task;
mod endpoint_issuer;
mod keepalive;
mod listing;
mod service;

pub use self::service::ServiceSource;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const FAILPOINTS: [FailPoint; 13] = [
    ("register", TX_STAGES),
    ("key", TX_STAGES),
    ("update", TX_STAGES),
    ("available", TX_STAGES),
    ("stake", TX_STAGES),
    ("list", TX_STAGES),
    ("accept", TX_STAGES),
    ("settle", TX_STAGES),
    ("withdraw", TX_STAGES),
    ("keepalive", TX_STAGES),
    ("session", &["decided", "noted"]),
    ("admission", &["noted"]),
    ("letter", MESSAGE_STAGES),
];

/// Where an agreement is that is not settled.
const UNSETTLED_STATES: [State; 4] = [State::Offered, State::Running, State::Reporting, State::Due];

/// What can be chosen about a worker.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// What it does; for ever, once it is registered.
    pub application: Application,
    /// What it offers. The chain is made to say the same.
    pub offer: Offer,
    /// Wei that it stakes when it registers.
    pub stake: u128,
    /// Whether it adds to its stake what is missing for its place in the book.
    pub top_up_stake: bool,
    /// Whether it makes itself available once, if it is not: after it did not accept, or took no new work.
    pub make_available: bool,
    /// What is served.
    pub source: ServiceSource,
    /// Where the gateway listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Where others reach the gateway; without it, where it listens.
    pub public_url: Option<Box<str>>,
    /// Where pay goes, and when.
    pub payout: Payout,
    /// How long others have to settle first, at most.
    pub settle_delay: Duration,
    /// The block from which on agreements are looked for, if the state file is new and the account is not.
    pub first_block: u64,
}

/// A worker.
#[derive(Debug)]
pub struct WorkerDaemon {
    /// The account, its state file and its letters.
    context: DaemonContext,
    /// What was chosen.
    options: WorkerOptions,
    /// The way in for guests.
    gateway: Option<Gateway>,
    /// Where guests are told to go.
    url: Box<str>,
    /// What the gateway knows of agreements.
    agreement_table: Arc<AgreementTable>,
    /// What is behind the gateway.
    services: Services,
    /// Agreements that are not settled.
    tasks: HashMap<Address, AgreementTask>,
    /// Its place in the book.
    listing: BookListing,
    /// Keeps the market's programs alive.
    keepalive: Keepalive,
    /// Answers letters.
    responder_task: JoinSet<()>,
}

impl WorkerDaemon {
    /// A worker that begins, or goes on where its state file ends. Its gateway listens when this returns.
    ///
    /// # Errors
    /// [`DaemonError::Gateway`], [`DaemonError::Message`], [`DaemonError::Store`].
    pub async fn start(
        context: DaemonContext,
        options: WorkerOptions,
    ) -> Result<Self, DaemonError> {
        let store = context.store().clone();
        let secret = Secret::new(store.secret("gateway", || MessageKey::random().to_bytes().0)?);
        let agreement_table = Arc::new(AgreementTable::default());
        let config =
            Config { listen: options.listen, secret: secret.clone(), limits: Limits::default() };
        let access =
            AgreementAccess { agreement_table: agreement_table.clone(), store: store.clone() };
        let receipts = ReceiptSigner {
            agreement_table: agreement_table.clone(),
            store: store.clone(),
            signer: context.signer().clone(),
        };
        let gateway = Gateway::start(config, access, receipts).await?;
        let own = || format!("http://{}", gateway.address()).into();
        let url: Box<str> = options.public_url.clone().unwrap_or_else(own);

        let chain_view = Arc::new(RpcChainView::new(context.market().clone()));
        let token_issuer = Arc::new(TokenIssuer { store, secret, url: url.clone() });
        let responder_task = spawn_responder(
            &context,
            EndpointResponder::new(context.account(), chain_view, token_issuer),
        )
        .await?;
        let services = Services::new(options.source.clone());
        let (gateway, tasks) = (Some(gateway), HashMap::new());
        let (listing, keepalive) = (BookListing::new(options.make_available), Keepalive::default());
        Ok(Self {
            context,
            options,
            gateway,
            url,
            agreement_table,
            services,
            tasks,
            listing,
            keepalive,
            responder_task,
        })
    }

    /// Where guests are told to go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Finds agreements that chose this worker. Whoever is not registered was never chosen.
    async fn scan_agreements(&self, known: Option<&RegisteredWorker>) -> Result<(), DaemonError> {
        let (market, store, account) =
            (self.context.market(), self.context.store(), self.context.account());
        if known.is_none() {
            return skip_history(market, store).await;
        }
        scan_purchases(market, store, self.options.first_block, |bought| {
            bought.workers.contains(&account)
        })
        .await
    }

    /// Does what is due in every agreement, and renews what the gateway knows.
    async fn step_agreements(&mut self) -> Result<Option<NextEvent>, DaemonError> {
        for address in self.context.store().open_agreements()? {
            if let Entry::Vacant(vacant) = self.tasks.entry(address) {
                match self.context.market().agreement(address).await {
                    Ok(agreement) => {
                        let (account, settle_delay) =
                            (self.context.account(), self.options.settle_delay);
                        vacant.insert(AgreementTask::new(agreement, account, settle_delay));
                    }
                    // The chain has moved back behind its purchase.
                    Err(MarketError::NotAnAgreement(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let (mut next_event, mut failed, mut open) = (None, None, Vec::new());
        let addresses: Vec<_> = self.tasks.keys().copied().collect();
        for address in addresses {
            match self.step_agreement(address, &mut open).await {
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_transient() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        let (now, settings) =
            (self.context.market().now().await?, self.context.market().settings());
        for state in UNSETTLED_STATES {
            let count = self.tasks.values().filter(|task| task.state() == state).count();
            let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            metrics::gauge!("muster_worker_agreements", "state" => state_text(state)).set(count);
        }
        self.agreement_table.replace(now, settings.clock == Clock::Second, open);
        failed.map_or(Ok(next_event), Err)
    }

    /// Does what is due in one agreement.
    async fn step_agreement(
        &mut self,
        address: Address,
        open: &mut Vec<(Address, access::TableEntry)>,
    ) -> Result<Option<NextEvent>, DaemonError> {
        let Some(task) = self.tasks.get_mut(&address) else { return Ok(None) };
        let due = task.step(&mut self.services).await;
        match due {
            // The chain has moved back behind its purchase; if that comes again, so does the deal.
            Err(DaemonError::Market(MarketError::NoContract(_))) => {
                self.tasks.remove(&address);
                return Ok(None);
            }
            Ok(None) => {
                self.services.stop(address).await;
                self.context.store().close_agreement(address)?;
                self.tasks.remove(&address);
            }
            // What runs goes on running, whatever failed.
            _ => open.extend(task.table_entry(&self.services).map(|entry| (address, entry))),
        }
        due
    }

    /// Takes pay out when it has reached so much.
    async fn withdraw(&self) -> Result<(), DaemonError> {
        let (account, market) = (self.context.account(), self.context.market());
        let (credit, balance) =
            (market.credit(account).await?, market.node().balance(account).await?);
        metrics::gauge!("muster_worker_credit_ether").set(wei_to_ether(credit));
        metrics::gauge!("muster_worker_balance_ether").set(wei_to_ether(balance));
        self.context.withdraw_credit(credit, &self.options.payout).await
    }
}

impl Daemon for WorkerDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        let known = self.context.registration(self.options.application).await?;
        self.scan_agreements(known.as_ref()).await?;
        // What is due in agreements comes first: it cannot wait.
        let due = self.step_agreements().await;
        if let Err(error) = &due
            && !error.is_transient()
        {
            return due.map(|_| NextEvent::untimed("agreements"));
        }
        let listing_event =
            self.listing.maintain(&self.context, &self.options, known.as_ref()).await?;
        let due = NextEvent::earliest(due?, listing_event);
        self.withdraw().await?;
        self.keepalive.run_if_due(&self.context).await?;
        Ok(due.unwrap_or_else(|| NextEvent::untimed("somebody to buy")))
    }

    async fn stop(&mut self) {
        self.responder_task.shutdown().await;
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        self.services.stop_all().await;
    }
}
