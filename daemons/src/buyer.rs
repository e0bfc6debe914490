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

use self::deal::Deal;
use crate::answering::answer;
use crate::base::{Base, Payout};
use crate::error::AgentError;
use crate::fault::{Deed, LETTER, TRANSACTION};
use crate::pulse::Agent;
use crate::scan::scan;
use crate::standing::ChainStanding;
use crate::status::Waiting;

mod connection;
mod deal;
mod proxy;
mod purchase;
mod visit;
mod ways;

pub use self::connection::{ConnectOptions, Connection, Entrance, entrances};
pub use self::purchase::buy;

/// What is done, each with the stages at which a test may end the process; see [`crate::fault`].
pub const DEEDS: [Deed; 5] = [
    ("buy", TRANSACTION),
    ("settle", TRANSACTION),
    ("withdraw", TRANSACTION),
    ("endpoint", &["decided", "noted"]),
    ("letter", LETTER),
];

/// What can be chosen about a client.
#[derive(Clone, Debug)]
pub struct BuyerOptions {
    /// The one agreement that is attended; without it, all of the account.
    pub only: Option<Address>,
    /// Where refunds go, and when.
    pub payout: Payout,
    /// How long others have to settle first, at most.
    pub courtesy: Duration,
    /// The block from which on agreements are looked for, if the state file is new.
    pub first_block: u64,
}

/// A client.
#[derive(Debug)]
pub struct Buyer {
    /// The account, its state file and its letters.
    base: Base,
    /// What was chosen.
    options: BuyerOptions,
    /// Agreements that are not settled.
    deals: HashMap<Address, Deal>,
    /// Whether the only agreement is over.
    is_over: bool,
    /// Answers letters.
    clerk: JoinSet<()>,
}

impl Buyer {
    /// A client that begins, or goes on where its state file ends. Letters are answered from now on.
    ///
    /// # Errors
    /// [`AgentError::Message`].
    pub async fn start(base: Base, options: BuyerOptions) -> Result<Self, AgentError> {
        let standing = Arc::new(ChainStanding::new(base.market().clone()));
        let given = Arc::new(base.store().clone());
        let desk = PassResponder::new(base.signer().clone(), standing, given);
        let clerk = answer(&base, desk).await?;
        Ok(Self { base, options, deals: HashMap::new(), is_over: false, clerk })
    }

    /// Whether the one agreement that it attends is settled.
    pub(crate) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The agreements that are to be attended.
    async fn find(&self) -> Result<Vec<Address>, AgentError> {
        if let Some(only) = self.options.only {
            return Ok(if self.is_over { Vec::new() } else { vec![only] });
        }
        let (market, store, account) = (self.base.market(), self.base.store(), self.base.account());
        scan(market, store, self.options.first_block, |bought| bought.client == account).await?;
        Ok(store.open_agreements()?)
    }

    /// Does what is due in every agreement.
    async fn attend(&mut self) -> Result<Option<Waiting>, AgentError> {
        let (mut waiting, mut failed) = (None, None);
        for address in self.find().await? {
            match self.attend_one(address).await {
                Err(AgentError::Market(MarketError::NotAnAgreement(_))) => {}
                Ok(None) => {
                    self.is_over = self.options.only.is_some();
                    self.base.store().close(address)?;
                    self.deals.remove(&address);
                }
                Ok(due) => waiting = Waiting::sooner(waiting, due),
                // One agreement never keeps the others from what is due.
                Err(error) if error.is_passing() => {
                    // If the chain has moved back behind its purchase, the next step sees that it is gone.
                    self.deals.remove(&address);
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        failed.map_or(Ok(waiting), Err)
    }

    /// Does what is due in one agreement; `None` if nothing ever will be again.
    async fn attend_one(&mut self, address: Address) -> Result<Option<Waiting>, AgentError> {
        if !self.deals.contains_key(&address) {
            let agreement = self.base.market().agreement(address).await?;
            let deal = Deal::new(agreement, self.base.account(), self.options.courtesy);
            self.deals.insert(address, deal);
        }
        match self.deals.get_mut(&address) {
            Some(deal) => deal.attend().await,
            None => Ok(None),
        }
    }

    /// Takes refunds out when they have reached so much.
    async fn withdraw(&self) -> Result<(), AgentError> {
        let credit = self.base.market().credit(self.base.account()).await?;
        self.base.pay_out(credit, &self.options.payout).await
    }
}

impl Agent for Buyer {
    async fn step(&mut self) -> Result<Waiting, AgentError> {
        self.base.resume().await?;
        let due = self.attend().await;
        self.withdraw().await?;
        Ok(due?.unwrap_or_else(|| Waiting::for_a("agreements")))
    }

    async fn stop(&mut self) {
        self.clerk.shutdown().await;
    }
}
