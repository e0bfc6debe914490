//! The worker: keeps its place in the book, accepts, serves through a gateway, settles, withdraws, and keeps
//! the market's programs alive.
//!
//! A step does what is due on the chain and renews what the gateway knows of it. Letters and requests are
//! answered beside the steps.

use std::collections::{HashMap, hash_map::Entry};
use std::net::SocketAddr;
use std::sync::Arc;

use alloy::primitives::Address;
use muster_client::protocol::abi::{Clock, State, Worker as Known};
use muster_client::{Application, MarketError, Offer, state_text as words};
use muster_gateway::{Config, Gateway, Limits, Secret};
use muster_messaging::{EndpointResponder, MessageKey};
use tokio::task::JoinSet;
use tokio::time::Duration;

use self::deal::Deal;
use self::desk::{Front, Receipting};
use self::door::{Keeper, Roll};
use self::place::Place;
use self::service::Services;
use self::upkeep::Upkeep;
use crate::answering::answer;
use crate::base::{Base, Payout};
use crate::error::AgentError;
use crate::fault::{Deed, LETTER, TRANSACTION};
use crate::pulse::Agent;
use crate::scan::{begin, scan};
use crate::standing::ChainStanding;
use crate::status::{Waiting, ether};

mod deal;
mod desk;
mod door;
mod place;
mod service;
mod upkeep;

pub use self::service::Source;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const DEEDS: [Deed; 13] = [
    ("register", TRANSACTION),
    ("key", TRANSACTION),
    ("update", TRANSACTION),
    ("available", TRANSACTION),
    ("stake", TRANSACTION),
    ("list", TRANSACTION),
    ("accept", TRANSACTION),
    ("settle", TRANSACTION),
    ("withdraw", TRANSACTION),
    ("keepalive", TRANSACTION),
    ("session", &["decided", "noted"]),
    ("admission", &["noted"]),
    ("letter", LETTER),
];

/// Where an agreement is that is not settled.
const STATES: [State; 4] = [State::Offered, State::Running, State::Reporting, State::Due];

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
    pub tops_up: bool,
    /// Whether it makes itself available once, if it is not: after it did not accept, or took no new work.
    pub returns: bool,
    /// What is served.
    pub source: Source,
    /// Where the gateway listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Where others reach the gateway; without it, where it listens.
    pub public_url: Option<Box<str>>,
    /// Where pay goes, and when.
    pub payout: Payout,
    /// How long others have to settle first, at most.
    pub courtesy: Duration,
    /// The block from which on agreements are looked for, if the state file is new and the account is not.
    pub first_block: u64,
}

/// A worker.
#[derive(Debug)]
pub struct Worker {
    /// The account, its state file and its letters.
    base: Base,
    /// What was chosen.
    options: WorkerOptions,
    /// The way in for guests.
    gateway: Option<Gateway>,
    /// Where guests are told to go.
    url: Box<str>,
    /// What the gateway knows of agreements.
    roll: Arc<Roll>,
    /// What is behind the gateway.
    services: Services,
    /// Agreements that are not settled.
    deals: HashMap<Address, Deal>,
    /// Its place in the book.
    place: Place,
    /// Keeps the market's programs alive.
    upkeep: Upkeep,
    /// Answers letters.
    clerk: JoinSet<()>,
}

impl Worker {
    /// A worker that begins, or goes on where its state file ends. Its gateway listens when this returns.
    ///
    /// # Errors
    /// [`AgentError::Gateway`], [`AgentError::Message`], [`AgentError::Store`].
    pub async fn start(base: Base, options: WorkerOptions) -> Result<Self, AgentError> {
        let store = base.store().clone();
        let secret = Secret::new(store.secret("gateway", || MessageKey::random().to_bytes().0)?);
        let roll = Arc::new(Roll::default());
        let config =
            Config { listen: options.listen, secret: secret.clone(), limits: Limits::default() };
        let keeper = Keeper { roll: roll.clone(), store: store.clone() };
        let receipts =
            Receipting { roll: roll.clone(), store: store.clone(), signer: base.signer().clone() };
        let gateway = Gateway::start(config, keeper, receipts).await?;
        let own = || format!("http://{}", gateway.address()).into();
        let url: Box<str> = options.public_url.clone().unwrap_or_else(own);

        let standing = Arc::new(ChainStanding::new(base.market().clone()));
        let front = Arc::new(Front { store, secret, url: url.clone() });
        let clerk = answer(&base, EndpointResponder::new(base.account(), standing, front)).await?;
        let services = Services::new(options.source.clone());
        let (gateway, deals) = (Some(gateway), HashMap::new());
        let (place, upkeep) = (Place::new(options.returns), Upkeep::default());
        Ok(Self { base, options, gateway, url, roll, services, deals, place, upkeep, clerk })
    }

    /// Where guests are told to go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Finds agreements that chose this worker. Whoever is not registered was never chosen.
    async fn find(&self, known: Option<&Known>) -> Result<(), AgentError> {
        let (market, store, account) = (self.base.market(), self.base.store(), self.base.account());
        if known.is_none() {
            return begin(market, store).await;
        }
        scan(market, store, self.options.first_block, |bought| bought.workers.contains(&account))
            .await
    }

    /// Does what is due in every agreement, and renews what the gateway knows.
    async fn attend(&mut self) -> Result<Option<Waiting>, AgentError> {
        for address in self.base.store().open_agreements()? {
            if let Entry::Vacant(vacant) = self.deals.entry(address) {
                match self.base.market().agreement(address).await {
                    Ok(agreement) => {
                        let (account, courtesy) = (self.base.account(), self.options.courtesy);
                        vacant.insert(Deal::new(agreement, account, courtesy));
                    }
                    // The chain has moved back behind its purchase.
                    Err(MarketError::NotAnAgreement(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        let (mut waiting, mut failed, mut open) = (None, None, Vec::new());
        let addresses: Vec<_> = self.deals.keys().copied().collect();
        for address in addresses {
            match self.attend_one(address, &mut open).await {
                Ok(due) => waiting = Waiting::sooner(waiting, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_passing() => failed = Some(error),
                Err(error) => return Err(error),
            }
        }
        let (now, settings) = (self.base.market().now().await?, self.base.market().settings());
        for state in STATES {
            let count = self.deals.values().filter(|deal| deal.state() == state).count();
            let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            metrics::gauge!("muster_worker_agreements", "state" => words(state)).set(count);
        }
        self.roll.renew(now, settings.clock == Clock::Second, open);
        failed.map_or(Ok(waiting), Err)
    }

    /// Does what is due in one agreement.
    async fn attend_one(
        &mut self,
        address: Address,
        open: &mut Vec<(Address, door::Entry)>,
    ) -> Result<Option<Waiting>, AgentError> {
        let Some(deal) = self.deals.get_mut(&address) else { return Ok(None) };
        let due = deal.attend(&mut self.services).await;
        match due {
            // The chain has moved back behind its purchase; if that comes again, so does the deal.
            Err(AgentError::Market(MarketError::NoContract(_))) => {
                self.deals.remove(&address);
                return Ok(None);
            }
            Ok(None) => {
                self.services.end(address).await;
                self.base.store().close(address)?;
                self.deals.remove(&address);
            }
            // What runs goes on running, whatever failed.
            _ => open.extend(deal.entry(&self.services).map(|entry| (address, entry))),
        }
        due
    }

    /// Takes pay out when it has reached so much.
    async fn withdraw(&self) -> Result<(), AgentError> {
        let (account, market) = (self.base.account(), self.base.market());
        let (credit, balance) =
            (market.credit(account).await?, market.node().balance(account).await?);
        metrics::gauge!("muster_worker_credit_ether").set(ether(credit));
        metrics::gauge!("muster_worker_balance_ether").set(ether(balance));
        self.base.pay_out(credit, &self.options.payout).await
    }
}

impl Agent for Worker {
    async fn step(&mut self) -> Result<Waiting, AgentError> {
        self.base.resume().await?;
        let known = self.base.registered(self.options.application).await?;
        self.find(known.as_ref()).await?;
        // What is due in agreements comes first: it cannot wait.
        let due = self.attend().await;
        if let Err(error) = &due
            && !error.is_passing()
        {
            return due.map(|_| Waiting::for_a("agreements"));
        }
        let place = self.place.keep(&self.base, &self.options, known.as_ref()).await?;
        let due = Waiting::sooner(due?, place);
        self.withdraw().await?;
        self.upkeep.see_to(&self.base).await?;
        Ok(due.unwrap_or_else(|| Waiting::for_a("somebody to buy")))
    }

    async fn stop(&mut self) {
        self.clerk.shutdown().await;
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        self.services.stop().await;
    }
}
