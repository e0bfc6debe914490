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

use self::duty::Duty;
use self::seat::Kit;
use crate::base::{Base, Payout};
use crate::clock::Clock;
use crate::error::AgentError;
use crate::fault::{Deed, TRANSACTION};
use crate::letters::Letters;
use crate::pulse::Agent;
use crate::scan::{begin, scan};
use crate::status::Waiting;

mod ask;
mod check;
mod duty;
mod factor;
mod look;
mod membership;
mod seat;

pub use self::ask::{Asker, Failure, Place, verified};
pub use self::check::{Check, Checks, Command, Page};
pub use self::factor::Factors;

/// Agreements that the chain is asked about at the same time.
const AT_ONCE: usize = 16;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const DEEDS: [Deed; 10] = [
    ("join", TRANSACTION),
    ("key", TRANSACTION),
    ("bond", TRANSACTION),
    ("check-in", TRANSACTION),
    ("session", &["noted"]),
    ("sight", &["decided", "noted"]),
    ("report", TRANSACTION),
    ("settle", TRANSACTION),
    ("unstake", TRANSACTION),
    ("withdraw", TRANSACTION),
];

/// What can be chosen about a tester.
#[derive(Clone, Debug)]
pub struct TesterOptions {
    /// What a right answer is.
    pub checks: Checks,
    /// How long to wait for one.
    pub patience: Duration,
    /// Where fees go, and when.
    pub payout: Payout,
    /// The block from which on agreements are looked for, if the state file is new and the account is not.
    pub first_block: u64,
    /// Whether it stops checking in and takes its bond back.
    pub leave: bool,
}

/// A tester.
#[derive(Debug)]
pub struct Tester {
    /// The account, its state file and its letters.
    base: Base,
    /// What was chosen.
    options: TesterOptions,
    /// What looks are made with.
    kit: Arc<Kit>,
    /// Agreements that have a place of ours.
    duties: HashMap<Address, Duty>,
    /// Our places in lists, by epoch.
    places: HashMap<u32, u32>,
    /// Whether it has left.
    has_left: watch::Sender<bool>,
}

impl Tester {
    /// A tester that begins, or goes on where its state file ends.
    ///
    /// # Errors
    /// [`AgentError::Market`], [`AgentError::Store`], [`AgentError::Message`], [`AgentError::Http`].
    pub async fn start(base: Base, options: TesterOptions) -> Result<Self, AgentError> {
        let (store, transport) = (base.store().clone(), base.letters());
        let letters =
            Letters::open(base.message_key()?, transport.clone(), Arc::new(store.clone())).await?;
        let now = base.market().now().await?;
        let kit = Arc::new(Kit {
            account: base.account(),
            secret: store
                .secret("passes", || muster_messaging::MessageKey::random().to_bytes().0)?,
            store,
            clock: Clock::start(base.market().clone(), now),
            letters: Arc::new(letters),
            transport,
            asker: Asker::new(options.patience)?,
        });
        let (duties, places) = (HashMap::new(), HashMap::new());
        let has_left = watch::Sender::new(false);
        Ok(Self { base, options, kit, duties, places, has_left })
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
    async fn find(&self, known: Option<&Worker>) -> Result<(), AgentError> {
        let (market, store) = (self.base.market(), self.base.store());
        if known.is_none() {
            begin(market, store).await?;
        }
        scan(market, store, self.options.first_block, |_| true).await
    }

    /// Takes up agreements that have a place of ours, and lets go of all others.
    async fn take_up(&mut self) -> Result<(), AgentError> {
        let store = self.base.store().clone();
        for address in store.open_agreements()? {
            if self.duties.contains_key(&address) {
                continue;
            }
            let agreement = match self.base.market().agreement(address).await {
                Ok(agreement) => agreement,
                // The chain has moved back behind its purchase; that may come again.
                Err(MarketError::NotAnAgreement(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let head = &agreement.terms().header;
            let place = if head.testers == 0 { None } else { self.place(head.epoch).await? };
            match place.filter(|place| *place < head.pool) {
                None => store.close(address)?,
                Some(place) => {
                    let check = self.options.checks.of(head.application.into()).cloned();
                    let duty = Duty::new(self.kit.clone(), agreement, place, check);
                    self.duties.insert(address, duty);
                }
            }
        }
        Ok(())
    }

    /// Our place in an epoch's list, if we have one by now.
    async fn place(&mut self, epoch: u32) -> Result<Option<u32>, AgentError> {
        if let Some(place) = self.places.get(&epoch) {
            return Ok(Some(*place));
        }
        let place = self.base.market().place(self.base.account(), epoch).await?;
        self.places.extend(place.map(|place| (epoch, place)));
        Ok(place)
    }

    /// Does what is due in every agreement.
    async fn attend(&mut self) -> Result<Option<Waiting>, AgentError> {
        let market = self.base.market();
        let (now, next) = (market.now().await?, market.next_tick().await?);
        let duties = stream::iter(self.duties.values().map(Duty::progress));
        let progress: Vec<_> = duties.buffer_unordered(AT_ONCE).collect().await;
        let (mut waiting, mut failed) = (None, None);
        for (address, progress) in progress {
            let Some(duty) = self.duties.get_mut(&address) else { continue };
            let progress = match progress {
                Ok(progress) => progress,
                Err(MarketError::NoContract(_)) => {
                    self.duties.remove(&address);
                    continue;
                }
                Err(error) => {
                    failed = Some(error.into());
                    continue;
                }
            };
            match duty.attend(&progress, now, next).await {
                Ok(None) => {
                    self.base.store().close(address)?;
                    self.duties.remove(&address);
                }
                Ok(due) => waiting = Waiting::sooner(waiting, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_passing() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        metrics::gauge!("muster_tester_agreements")
            .set(f64::from(u32::try_from(self.duties.len()).unwrap_or(u32::MAX)));
        failed.map_or(Ok(waiting), Err)
    }

    /// Takes fees out when they have reached so much.
    async fn withdraw(&self, at_least: u128) -> Result<(), AgentError> {
        let credit = self.base.market().credit(self.base.account()).await?;
        self.base.pay_out(credit, &Payout { at_least, ..self.options.payout }).await
    }

    /// Leaves, when nothing is left to do.
    async fn leave(&self, known: Option<&Worker>) -> Result<Waiting, AgentError> {
        if let Some(tester) = known
            && let Some(waiting) = membership::leave(&self.base, tester).await?
        {
            return Ok(waiting);
        }
        self.withdraw(0).await?;
        self.has_left.send_replace(true);
        Ok(Waiting::for_a("nothing: it has left"))
    }
}

impl Agent for Tester {
    async fn step(&mut self) -> Result<Waiting, AgentError> {
        self.base.resume().await?;
        let known = self.base.registered(Application::TESTER).await?;
        self.find(known.as_ref()).await?;
        self.take_up().await?;
        let due = self.attend().await;
        if self.options.leave {
            return match due? {
                Some(due) => Ok(due),
                None => self.leave(known.as_ref()).await,
            };
        }
        // Whatever stands against a report is no reason to miss an epoch.
        membership::join(&self.base, known.as_ref()).await?;
        let epoch = membership::check_in(&self.base, known.as_ref()).await?;
        let due = due?;
        self.withdraw(self.options.payout.at_least).await?;
        Ok(due.map_or(epoch.clone(), |due| due.or(epoch)))
    }

    async fn stop(&mut self) {
        self.duties.clear();
    }
}
