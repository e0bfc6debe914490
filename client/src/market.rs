//! The market as one account sees it. What can be done with it is in one file per group of verbs.

use std::time::Duration;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkerDispatcher::{
    agreementCall, epochCall, settingsCall, workerCountCall,
};
use muster_protocol::abi::{Clock, Settings};
use tokio::time::sleep;

use crate::backend::Receipt;
use crate::error::{Contract, MarketError};
use crate::node::Node;

/// How often to look whether a tick has come.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A market on a chain, as one account sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Market {
    /// The chain and the account.
    node: Node,
    /// The market's contract.
    dispatcher: Address,
    /// What its deployment fixed.
    settings: Settings,
}

impl Market {
    /// Connects to the market whose dispatcher is deployed at `dispatcher`, through the node at `url`.
    /// Without a signer, one can only look.
    ///
    /// # Errors
    /// [`MarketError::Node`] if no node answers; [`MarketError::NoContract`] or
    /// [`MarketError::InterfaceMismatch`] if there is no market at that address.
    pub async fn connect(
        url: &str,
        signer: impl Into<Option<PrivateKeySigner>>,
        dispatcher: Address,
    ) -> Result<Self, MarketError> {
        Self::open(Node::connect(url, signer.into()).await?, dispatcher).await
    }

    /// The market whose dispatcher is deployed at `dispatcher`.
    ///
    /// # Errors
    /// As [`Market::connect`].
    pub async fn open(node: Node, dispatcher: Address) -> Result<Self, MarketError> {
        let settings = node.read(Contract::Dispatcher(dispatcher), &settingsCall {}).await?;
        Ok(Self { node, dispatcher, settings })
    }

    /// The same market, for something that the outbox shall know by this name.
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.node = self.node.with_purpose(purpose);
        self
    }

    /// The chain and the account.
    #[must_use]
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// Where the market's contract is.
    #[must_use]
    pub const fn dispatcher(&self) -> Address {
        self.dispatcher
    }

    /// What the deployment fixed.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`] if there is none.
    pub fn account(&self) -> Result<Address, MarketError> {
        self.node.account()
    }

    /// The implementation behind every agreement.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn implementation(&self) -> Result<Address, MarketError> {
        self.read(&agreementCall {}).await
    }

    /// How many accounts are registered, testers included.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn worker_count(&self) -> Result<u32, MarketError> {
        self.read(&workerCountCall {}).await
    }

    /// The tick of the market's clock: the time now, or the latest block. On a clock of blocks the next
    /// transaction will be one tick later.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn now(&self) -> Result<u64, MarketError> {
        let head = self.node.head().await?;
        Ok(if self.settings.clock == Clock::Second {
            self.node.chain_time(&head)
        } else {
            head.number
        })
    }

    /// The earliest tick that the next transaction can be in.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn next_tick(&self) -> Result<u64, MarketError> {
        let now = self.now().await?;
        Ok(match self.settings.clock {
            Clock::Second => now,
            _ => now.saturating_add(1),
        })
    }

    /// The tester epoch of now.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn epoch(&self) -> Result<u32, MarketError> {
        self.read_pending(&epochCall {}).await
    }

    /// Waits until the market's clock shows `tick`. On a clock of blocks this takes as long as others
    /// take to make them.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn wait_until(&self, tick: u64) -> Result<(), MarketError> {
        while self.now().await? < tick {
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// The dispatcher, to speak to.
    const fn contract(&self) -> Contract {
        Contract::Dispatcher(self.dispatcher)
    }

    /// Asks the dispatcher as the chain stands.
    pub(crate) async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, MarketError> {
        self.node.read(self.contract(), call).await
    }

    /// Asks the dispatcher as the next transaction would find it.
    pub(crate) async fn read_pending<C: SolCall>(
        &self,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.node.read_pending(self.contract(), call).await
    }

    /// Sends a call to the dispatcher.
    pub(crate) async fn write<C: SolCall>(
        &self,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        self.node.write(self.contract(), call, value).await
    }
}
