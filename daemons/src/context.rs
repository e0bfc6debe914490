//! What every daemon works with: an account on a market, its state file, and a transport for messages.

use std::path::Path;
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_client::protocol::abi::Worker;
use muster_client::{Application, Market, MarketError, NodeBuilder};
use muster_messaging::{MessageError, MessageKey, Transport};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::time::Duration;

use crate::error::DaemonError;
use crate::order_file::OrderFolder;
use crate::poll_intervals::PollIntervals;
use crate::run_loop::Backoff;
use crate::store::{Identity, Role, Store};

/// An account on a market, its state file, and a transport for its messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DaemonContext {
    /// The account's key.
    signer: PrivateKeySigner,
    /// The market. Every transaction is in the store's journal before it is sent.
    market: Market,
    /// The state file.
    store: Store,
    /// Where messages are published, and where they come from.
    transport: Arc<dyn Transport>,
    /// How often the chain is looked at.
    poll_intervals: PollIntervals,
    /// Where the account's order files are, if it is a client's.
    orders: Option<OrderFolder>,
    /// Read while a transaction is made beside the steps of a daemon, and written while pending ones are resumed.
    sending: Arc<RwLock<()>>,
}

/// Where the account's credit is paid out, and when.
#[derive(Clone, Copy, Debug)]
pub struct Payout {
    /// The receiver; without one, the account itself.
    pub to: Option<Address>,
    /// The credit in wei from which it is withdrawn.
    pub threshold: u128,
}

impl DaemonContext {
    /// Connects as `signer` to the market at `dispatcher`, and opens the state file at `path`, which is created if it
    /// does not exist.
    ///
    /// # Errors
    /// [`DaemonError::Market`] if no node answers or there is no market at that address. [`DaemonError::Store`] if the
    /// file cannot be opened, belongs to another role, chain, market or account, or to a chain that was started anew, or is in use.
    pub async fn open(
        connect: NodeBuilder,
        signer: PrivateKeySigner,
        dispatcher: Address,
        role: Role,
        path: &Path,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, DaemonError> {
        let node = connect.with_signer(signer.clone()).connect().await?;
        let account = signer.address();
        let identity = Identity { role, chain: node.chain_id(), dispatcher, account };
        let store = Store::open(path, &identity)?;
        let market = Market::open(node.with_journal(Arc::new(store.clone())), dispatcher).await?;
        // A node that does not have so old a block cannot tell.
        if let Some(hash) = market.creation_hash().await? {
            store.bind_to_market(path, market.created_at().await?, hash)?;
        }
        let poll_intervals = PollIntervals::of_market(market.settings());
        Ok(Self {
            signer,
            market,
            store,
            transport,
            poll_intervals,
            orders: None,
            sending: Arc::default(),
        })
    }

    /// The same context of a daemon that makes a step after each `interval`, however long the times of the market are.
    #[must_use]
    pub const fn with_interval(mut self, interval: Duration) -> Self {
        self.poll_intervals.interval = interval;
        self
    }

    /// The same context of a client whose order files are there.
    #[must_use]
    pub fn with_orders(mut self, orders: OrderFolder) -> Self {
        self.orders = Some(orders);
        self
    }

    /// Where the account's order files are, if it is a client's.
    #[must_use]
    pub const fn orders(&self) -> Option<&OrderFolder> {
        self.orders.as_ref()
    }

    /// The pauses between steps that are short enough for the times of the market.
    #[must_use]
    pub fn backoff(&self) -> Backoff {
        self.poll_intervals.backoff()
    }

    /// How often the chain is looked at.
    pub(crate) const fn poll_intervals(&self) -> PollIntervals {
        self.poll_intervals
    }

    /// The account's key.
    #[must_use]
    pub const fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.signer.address()
    }

    /// The market, for reading. What sends a transaction uses [`Self::market_for`].
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// The market, for one transaction that the journal knows by this purpose: `OPERATION/SUBJECT`.
    #[must_use]
    pub fn market_for(&self, purpose: &str) -> Market {
        self.market.clone().with_purpose(purpose)
    }

    /// The state file.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The transport for messages.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        self.transport.clone()
    }

    /// The account's key for messages.
    ///
    /// # Errors
    /// [`MessageError::Key`], which no account's key causes.
    pub fn message_key(&self) -> Result<MessageKey, MessageError> {
        MessageKey::from_signer(&self.signer)
    }

    /// The account's registration as the chain has it; `None` if it is not registered.
    ///
    /// # Errors
    /// [`DaemonError::ApplicationMismatch`] if it is registered for another application. [`DaemonError::Market`].
    pub async fn registration(
        &self,
        application: Application,
    ) -> Result<Option<Worker>, DaemonError> {
        let account = self.account();
        match self.market.worker(account).await {
            Ok(worker) if worker.application == application.0 => Ok(Some(worker)),
            Ok(worker) => {
                let application = Application(worker.application);
                Err(DaemonError::ApplicationMismatch { account, application })
            }
            Err(error) => match error.dispatcher() {
                Some(IWorkerDispatcherErrors::NotRegistered(_)) => Ok(None),
                _ => Err(error.into()),
            },
        }
    }

    /// Withdraws the account's credit, if the `credit` that it has reaches the threshold.
    ///
    /// # Errors
    /// [`DaemonError::Market`].
    pub async fn withdraw_credit(&self, credit: u128, payout: &Payout) -> Result<(), DaemonError> {
        if credit > 0 && credit >= payout.threshold {
            let account = self.account();
            let to = payout.to.unwrap_or(account);
            self.market_for(&format!("withdraw/{account}")).withdraw(to).await?;
        }
        Ok(())
    }

    /// Keeps [`Self::resume_pending_txs`] from running until the guard is dropped. Whoever makes a transaction beside the steps of a
    /// daemon holds it: what is just being sent must not be taken for something that an earlier run has left.
    pub async fn sending(&self) -> OwnedRwLockReadGuard<()> {
        self.sending.clone().read_owned().await
    }

    /// Finds out what became of every transaction that was sent and has no outcome yet, and sends again what no node
    /// has. An earlier run, or a step that failed, can have left such transactions. Afterwards the chain alone says what
    /// is still to be done.
    ///
    /// # Errors
    /// [`DaemonError::Market`], with [`MarketError::Unconfirmed`] while a transaction is in no block.
    /// [`DaemonError::Store`].
    pub async fn resume_pending_txs(&self) -> Result<(), DaemonError> {
        let _none = self.sending.write().await;
        for resumed in self.market.node().resume(self.store.pending_txs()?).await {
            match resumed.result {
                Ok(_) | Err(MarketError::NonceTaken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
