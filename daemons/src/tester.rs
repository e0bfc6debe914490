//! The tester: joins and checks in, looks at workers in the windows in which it holds a seat, reports what it
//! saw, collects its fees, and takes its bond back when it leaves.
//!
//! A step does what is due on the chain. Looks at workers take a window each, and so run beside the steps:
//! what they saw is in the store when they end, and the report is made of that.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use alloy::primitives::Address;
use futures::stream::{self, StreamExt};
use muster_client::protocol::abi::Worker;
use muster_client::{Application, MarketError};
use tokio::sync::watch;
use tokio::time::Duration;

use self::assignment::Assignment;
use self::seat::ProbeContext;
use crate::context::{DaemonContext, Payout};
use crate::error::DaemonError;
use crate::failpoint::{FailPoint, TX_STAGES};
use crate::health::NextEvent;
use crate::market_clock::MarketClock;
use crate::request_client::RequestClient;
use crate::run_loop::Daemon;
use crate::scan::{scan_purchases, skip_history};

mod assignment;
mod check;
mod factor;
mod membership;
mod probe;
mod prober;
mod seat;

pub use self::check::{Check, Checks, CommandCheck, HttpCheck};
pub use self::factor::Factors;
pub use self::prober::{ProbeFailure, Prober, ServiceTarget, verify_receipt};

/// Agreements that the chain is asked about at the same time.
const MAX_CONCURRENT_QUERIES: usize = 16;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const FAILPOINTS: [FailPoint; 10] = [
    ("join", TX_STAGES),
    ("key", TX_STAGES),
    ("bond", TX_STAGES),
    ("check-in", TX_STAGES),
    ("session", &["noted"]),
    ("sight", &["decided", "noted"]),
    ("report", TX_STAGES),
    ("settle", TX_STAGES),
    ("unstake", TX_STAGES),
    ("withdraw", TX_STAGES),
];

/// What can be chosen about a tester.
#[derive(Clone, Debug)]
pub struct TesterOptions {
    /// What a right answer is.
    pub checks: Checks,
    /// How long to wait for one.
    pub probe_timeout: Duration,
    /// Where fees go, and when.
    pub payout: Payout,
    /// The block from which on agreements are looked for, if the state file is new and the account is not.
    pub first_block: u64,
    /// Whether it stops checking in and takes its bond back.
    pub leave: bool,
}

/// A tester.
#[derive(Debug)]
pub struct TesterDaemon {
    /// The account, its state file and its letters.
    context: DaemonContext,
    /// What was chosen.
    options: TesterOptions,
    /// What looks are made with.
    probe_context: Arc<ProbeContext>,
    /// Agreements that have a place of ours.
    assignments: HashMap<Address, Assignment>,
    /// Our places in lists, by epoch.
    places: HashMap<u32, u32>,
    /// Whether it has left.
    has_left: watch::Sender<bool>,
}

impl TesterDaemon {
    /// A tester that begins, or goes on where its state file ends.
    ///
    /// # Errors
    /// [`DaemonError::Market`], [`DaemonError::Store`], [`DaemonError::Message`], [`DaemonError::Http`].
    pub async fn start(
        context: DaemonContext,
        options: TesterOptions,
    ) -> Result<Self, DaemonError> {
        let (store, transport) = (context.store().clone(), context.transport());
        let request_client =
            RequestClient::open(context.message_key()?, transport.clone(), Arc::new(store.clone()))
                .await?;
        let now = context.market().now().await?;
        let probe_context = Arc::new(ProbeContext {
            account: context.account(),
            key_seed: store
                .secret("passes", || muster_messaging::MessageKey::random().to_bytes().0)?,
            store,
            clock: MarketClock::start(context.market().clone(), now),
            request_client: Arc::new(request_client),
            transport,
            prober: Prober::new(options.probe_timeout)?,
        });
        let (assignments, places) = (HashMap::new(), HashMap::new());
        let has_left = watch::Sender::new(false);
        Ok(Self { context, options, probe_context, assignments, places, has_left })
    }

    /// Comes to pass when the tester has left and nothing of it remains on the market.
    pub fn left(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut left = self.has_left.subscribe();
        async move {
            // A tester that is no more will not leave either.
            if left.wait_for(|left| *left).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Finds agreements that may have a place of ours. Whoever is not registered has none in earlier ones.
    async fn scan_agreements(&self, known: Option<&Worker>) -> Result<(), DaemonError> {
        let (market, store) = (self.context.market(), self.context.store());
        if known.is_none() {
            skip_history(market, store).await?;
        }
        scan_purchases(market, store, self.options.first_block, |_| true).await
    }

    /// Takes up agreements that have a place of ours, and lets go of all others.
    async fn load_assignments(&mut self) -> Result<(), DaemonError> {
        let store = self.context.store().clone();
        for address in store.open_agreements()? {
            if self.assignments.contains_key(&address) {
                continue;
            }
            let agreement = match self.context.market().agreement(address).await {
                Ok(agreement) => agreement,
                // The chain has moved back behind its purchase; that may come again.
                Err(MarketError::NotAnAgreement(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let head = &agreement.terms().header;
            let place = if head.testers == 0 { None } else { self.place(head.epoch).await? };
            match place.filter(|place| *place < head.pool) {
                None => store.close_agreement(address)?,
                Some(place) => {
                    let check =
                        self.options.checks.for_application(head.application.into()).cloned();
                    let duty = Assignment::new(self.probe_context.clone(), agreement, place, check);
                    self.assignments.insert(address, duty);
                }
            }
        }
        Ok(())
    }

    /// Our place in an epoch's list, if we have one by now.
    async fn place(&mut self, epoch: u32) -> Result<Option<u32>, DaemonError> {
        if let Some(place) = self.places.get(&epoch) {
            return Ok(Some(*place));
        }
        let place = self.context.market().place(self.context.account(), epoch).await?;
        self.places.extend(place.map(|place| (epoch, place)));
        Ok(place)
    }

    /// Does what is due in every agreement.
    async fn step_assignments(&mut self) -> Result<Option<NextEvent>, DaemonError> {
        let market = self.context.market();
        let (now, next) = (market.now().await?, market.next_tick().await?);
        let assignments = stream::iter(self.assignments.values().map(Assignment::progress));
        let progress: Vec<_> = assignments.buffer_unordered(MAX_CONCURRENT_QUERIES).collect().await;
        let (mut next_event, mut failed) = (None, None);
        for (address, progress) in progress {
            let Some(assignment) = self.assignments.get_mut(&address) else { continue };
            let progress = match progress {
                Ok(progress) => progress,
                Err(MarketError::NoContract(_)) => {
                    self.assignments.remove(&address);
                    continue;
                }
                Err(error) => {
                    failed = Some(error.into());
                    continue;
                }
            };
            match assignment.step(&progress, now, next).await {
                Ok(None) => {
                    self.context.store().close_agreement(address)?;
                    self.assignments.remove(&address);
                }
                Ok(due) => next_event = NextEvent::earliest(next_event, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_transient() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        metrics::gauge!("muster_tester_agreements")
            .set(f64::from(u32::try_from(self.assignments.len()).unwrap_or(u32::MAX)));
        failed.map_or(Ok(next_event), Err)
    }

    /// Takes fees out when they have reached so much.
    async fn withdraw(&self, at_least: u128) -> Result<(), DaemonError> {
        let credit = self.context.market().credit(self.context.account()).await?;
        self.context
            .withdraw_credit(credit, &Payout { threshold: at_least, ..self.options.payout })
            .await
    }

    /// Leaves, when nothing is left to do.
    async fn leave(&self, known: Option<&Worker>) -> Result<NextEvent, DaemonError> {
        if let Some(tester) = known
            && let Some(next_event) = membership::leave(&self.context, tester).await?
        {
            return Ok(next_event);
        }
        self.withdraw(0).await?;
        self.has_left.send_replace(true);
        Ok(NextEvent::untimed("nothing: it has left"))
    }
}

impl Daemon for TesterDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.context.resume_pending_txs().await?;
        let known = self.context.registration(Application::TESTER).await?;
        self.scan_agreements(known.as_ref()).await?;
        self.load_assignments().await?;
        let due = self.step_assignments().await;
        if self.options.leave {
            return match due? {
                Some(due) => Ok(due),
                None => self.leave(known.as_ref()).await,
            };
        }
        // Whatever stands against a report is no reason to miss an epoch.
        membership::ensure_joined(&self.context, known.as_ref()).await?;
        let epoch = membership::check_in(&self.context, known.as_ref()).await?;
        let due = due?;
        self.withdraw(self.options.payout.threshold).await?;
        Ok(due.map_or(epoch.clone(), |due| due.earlier(epoch)))
    }

    async fn stop(&mut self) {
        self.assignments.clear();
    }
}
