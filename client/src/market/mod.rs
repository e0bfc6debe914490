//! The market as one account sees it, and a file for each verb or group of verbs.

pub(crate) mod buy;
pub(crate) mod check_in;
mod clock;
mod hint;
mod hire;
mod list;
pub(crate) mod offer;
mod order_request;
mod prepare;
pub(crate) mod register;
pub(crate) mod reputation;
mod stake;
mod testers;
pub(crate) mod withdraw;
mod workers;

use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkerDispatcher::{agreementCall, settingsCall};
use muster_protocol::abi::Settings;
use tokio::sync::OnceCell;

pub use self::order_request::OrderRequest;
use crate::backend::Receipt;
use crate::error::{Contract, MarketError};
use crate::node::Node;

/// A market on a chain, as one account sees it. Cheap to clone; clones share the connection.
///
/// # Units
/// Amounts are wei. Times are ticks of the market's clock, which are Unix seconds or block numbers; see
/// [`Settings::clock`].
///
/// # Reads
/// Verbs that only read make one or a few `eth_call` and `eth_getLogs` requests. They have no effect, can
/// be cancelled at any time, and fail with [`MarketError::Node`] if no node answers. With several URLs, each
/// request goes to the next node if one is at fault. Requests are paced by what each node allows; what a
/// node refuses because it was asked too often is asked again for half a minute. Otherwise nothing is retried.
///
/// # Transactions
/// Verbs that send return when the transaction is mined. In this order:
///
/// 1. The call is simulated on the pending block, so a revert is known before it is signed and costs no gas.
/// 2. The transaction is signed, recorded in the [`TxJournal`](crate::TxJournal) if there is one, and
///    broadcast.
/// 3. It is polled, at first after 100 ms and at last every second, broadcast again every two seconds, and
///    replaced at the same nonce if the base fee outgrows it. If another transaction takes its nonce, all of this starts over, up to four attempts
///    in all.
///
/// Dropping the future before the broadcast sends nothing; after it, the transaction may still be mined,
/// and only a journal knows of it. Transactions of one account may be sent concurrently, and are mined in
/// the order of their nonces.
///
/// Their errors are:
///
/// - [`MarketError::Refused`] with the contract's own error, or [`MarketError::Reverted`] without one;
/// - [`MarketError::NoAccount`] without a signer, [`MarketError::InsufficientFunds`];
/// - [`MarketError::Unconfirmed`] if no block has it before the [timeout](Node::with_timeout);
/// - [`MarketError::NonceTaken`] after the fourth attempt, [`MarketError::Journal`];
/// - [`MarketError::NoContract`], [`MarketError::InterfaceMismatch`] and [`MarketError::EventMissing`] if
///   the address is no contract of this market;
/// - [`MarketError::Node`] if nothing was sent, or if it reverted and no node tells why.
#[derive(Clone, Debug)]
pub struct Market {
    /// The chain and the account.
    node: Node,
    /// The market's contract.
    dispatcher: Address,
    /// The constants of its deployment.
    settings: Settings,
    /// The block in which it was created, once somebody needed it.
    created_at: Arc<OnceCell<u64>>,
}

impl Market {
    /// Connects to the market whose dispatcher is at `dispatcher`, through the node at `url`. Without a
    /// signer, it can only be read.
    ///
    /// ```no_run
    /// # async fn example(dispatcher: alloy::primitives::Address) -> Result<(), muster_client::MarketError> {
    /// use muster_client::Market;
    ///
    /// let market = Market::connect("http://127.0.0.1:8547", None, dispatcher).await?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// The market whose dispatcher is at `dispatcher`, over this connection.
    ///
    /// ```no_run
    /// # async fn example(dispatcher: alloy::primitives::Address) -> Result<(), muster_client::MarketError> {
    /// use muster_client::{Market, NodeBuilder};
    ///
    /// let node = NodeBuilder::new(["https://one.example", "https://two.example"]).connect().await?;
    /// let market = Market::open(node, dispatcher).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Market::connect`].
    pub async fn open(node: Node, dispatcher: Address) -> Result<Self, MarketError> {
        let settings = node.read(Contract::Dispatcher(dispatcher), &settingsCall {}).await?;
        Ok(Self { node, dispatcher, settings, created_at: Arc::default() })
    }

    /// The same market, whose transactions the journal gets under this purpose.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let check_in = market.clone().with_purpose("check-in of epoch 7").check_in().await?;
    /// # Ok(())
    /// # }
    /// ```
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

    /// The address of the market's contract.
    #[must_use]
    pub const fn dispatcher(&self) -> Address {
        self.dispatcher
    }

    /// The constants of its deployment.
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
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let implementation = market.implementation().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn implementation(&self) -> Result<Address, MarketError> {
        self.read(&agreementCall {}).await
    }

    /// The market's Stylus programs, which [`Node::keep_alive`] keeps from expiring: the agreements'
    /// implementation, then the dispatcher.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// for program in market.programs().await? {
    ///     let left = market.node().time_left(program).await?;
    ///     println!("{program} expires in {left:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn programs(&self) -> Result<[Address; 2], MarketError> {
        Ok([self.implementation().await?, self.dispatcher])
    }

    /// The dispatcher, to call.
    const fn contract(&self) -> Contract {
        Contract::Dispatcher(self.dispatcher)
    }

    /// Calls the dispatcher on the latest block.
    pub(crate) async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, MarketError> {
        self.node.read(self.contract(), call).await
    }

    /// Calls the dispatcher on the pending block.
    pub(crate) async fn read_pending<C: SolCall>(
        &self,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.node.read_pending(self.contract(), call).await
    }

    /// Calls the dispatcher in a transaction.
    pub(crate) async fn write<C: SolCall>(
        &self,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        self.node.write(self.contract(), call, value).await
    }
}
