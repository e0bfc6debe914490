//! What every daemon works with: an account on a market, a state file, and a way for letters.

use std::path::Path;
use std::sync::Arc;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherErrors;
use muster_client::protocol::abi::Worker;
use muster_client::{Application, Market, MarketError, NodeBuilder};
use muster_messaging::{MessageError, MessageKey, Transport};

use crate::error::DaemonError;
use crate::store::{Identity, Role, Store};

/// An account on a market, its state file, and a way for its letters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DaemonContext {
    /// Who signs.
    signer: PrivateKeySigner,
    /// The market; what is sent to it is in the store before.
    market: Market,
    /// The state file.
    store: Store,
    /// The way for letters.
    transport: Arc<dyn Transport>,
}

/// Where what an account earns or gets back goes, and when.
#[derive(Clone, Copy, Debug)]
pub struct Payout {
    /// The receiver; without one, the account.
    pub to: Option<Address>,
    /// It is taken out when it has reached so many wei.
    pub threshold: u128,
}

impl DaemonContext {
    /// Connects as `signer` to the market at `dispatcher`, and opens the state file at `path`, which must
    /// be that of this account, market and role, or be new.
    ///
    /// # Errors
    /// [`DaemonError::Market`] if no node answers or there is no market; [`DaemonError::Store`].
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
        Ok(Self { signer, market, store, transport })
    }

    /// Who signs.
    #[must_use]
    pub const fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> Address {
        self.signer.address()
    }

    /// The market, to look; whoever sends says [what for](Self::doing).
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// The market, to do what the outbox knows by this name.
    #[must_use]
    pub fn market_for(&self, purpose: &str) -> Market {
        self.market.clone().with_purpose(purpose)
    }

    /// The state file.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The way for letters.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        self.transport.clone()
    }

    /// The account's key for letters.
    ///
    /// # Errors
    /// [`MessageError::Key`], for no key that an account can have.
    pub fn message_key(&self) -> Result<MessageKey, MessageError> {
        MessageKey::from_signer(&self.signer)
    }

    /// What the market knows of the account; `None` if it is not registered.
    ///
    /// # Errors
    /// [`DaemonError::ApplicationMismatch`] if it is registered for something else than `application`.
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

    /// Takes `credit` out, which the account has, if that is enough.
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

    /// Finds out what became of everything that was sent and has no outcome: an earlier run, or a step that
    /// failed, may have left it. Whatever is done next can then be judged by the chain alone.
    ///
    /// # Errors
    /// [`MarketError::Unconfirmed`] while that is open.
    pub async fn resume_pending_txs(&self) -> Result<(), DaemonError> {
        for resumed in self.market.node().resume(self.store.pending_txs()?).await {
            match resumed.result {
                Ok(_) | Err(MarketError::NonceTaken { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
