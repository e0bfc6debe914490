//! A connection to a chain, and the first of the two doors through which everything goes: asking. The
//! other, sending, is in [`crate::sending`].

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;

use crate::clock::{Clock, wall};
use crate::connect::Connect;
use crate::error::{Contract, Fault, MarketError, NodeError};
use crate::outbox::Outbox;
use crate::sending::Line;
use crate::transport::{Call, Chain, Head, Log, LogFilter, Receipt, World};

/// How long to wait for a transaction to be in a block, unless told otherwise.
const PATIENCE: Duration = Duration::from_mins(1);

/// A connection to a chain, with at most one account that signs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    /// The backend.
    pub(crate) chain: Arc<dyn Chain>,
    /// How long to wait for a transaction to be in a block.
    pub(crate) patience: Duration,
    /// Where transactions are written down, if anywhere.
    pub(crate) outbox: Option<Arc<dyn Outbox>>,
    /// What the outbox is told that they are for.
    pub(crate) purpose: Arc<str>,
    /// The account's nonces, shared by all clones.
    pub(crate) line: Arc<Line>,
    /// What time it is there, shared by all clones.
    pub(crate) clock: Arc<Clock>,
}

impl Node {
    /// Connects to the node at `url`, by HTTP or WebSocket. Without a signer, one can only look. For more
    /// than one node there is [`Connect`].
    ///
    /// # Errors
    /// [`MarketError::Node`] if no Ethereum node answers there.
    pub async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Result<Self, MarketError> {
        Connect::to([url]).with_signer(signer).open().await
    }

    /// A node on some backend.
    pub(crate) fn on(chain: Arc<dyn Chain>) -> Self {
        let (outbox, purpose, line, clock) = (None, Arc::default(), Arc::default(), Arc::default());
        Self { chain, patience: PATIENCE, outbox, purpose, line, clock }
    }

    /// The same connection, waiting so long for a transaction to be in a block (else a minute).
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same connection, which writes down what it sends.
    #[must_use]
    pub fn with_outbox(mut self, outbox: Arc<dyn Outbox>) -> Self {
        self.outbox = Some(outbox);
        self
    }

    /// The same connection, for something that the outbox shall know by this name.
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.purpose = purpose.into();
        self
    }

    /// The chain's id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain.chain_id()
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`] if there is none.
    pub fn account(&self) -> Result<Address, MarketError> {
        self.chain.account().ok_or(MarketError::NoAccount)
    }

    /// The latest block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn head(&self) -> Result<Head, MarketError> {
        let asked = wall();
        let head = self.chain.head().await.map_err(chain_fault)?;
        self.clock.note(&head, asked, wall());
        Ok(head)
    }

    /// The latest block, if a block that was seen earlier is still in the chain.
    ///
    /// # Errors
    /// [`MarketError::MovedBack`] if it is not, because the node was restored from an older state or the
    /// chain took another way; [`MarketError::Node`].
    pub async fn head_after(&self, seen: &Head) -> Result<Head, MarketError> {
        let head = self.head().await?;
        let hash = if head.number == seen.number {
            Some(head.hash)
        } else {
            self.chain.block_hash(seen.number).await.map_err(chain_fault)?
        };
        if hash == Some(seen.hash) {
            return Ok(head);
        }
        Err(MarketError::MovedBack { seen: seen.number, head: head.number })
    }

    /// The wei that an account holds.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn balance(&self, account: Address) -> Result<U256, MarketError> {
        self.chain.balance(account).await.map_err(chain_fault)
    }

    /// The code of an account, empty if it has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn code(&self, account: Address) -> Result<Bytes, MarketError> {
        self.chain.code(account).await.map_err(chain_fault)
    }

    /// Sends `amount` wei to an account.
    ///
    /// # Errors
    /// [`MarketError::Funds`], [`MarketError::Reverted`] if the account refuses ether,
    /// [`MarketError::NoAccount`], [`MarketError::Node`].
    pub async fn transfer(&self, to: Address, amount: u128) -> Result<Receipt, MarketError> {
        let (_, receipt) = self.submit(Contract::Other(to), Bytes::new(), amount).await?;
        Ok(receipt)
    }

    /// What became of a transaction; `None` while it is in no block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, MarketError> {
        self.chain.receipt(transaction).await.map_err(chain_fault)
    }

    /// Events in the order in which they happened.
    pub(crate) async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, MarketError> {
        self.chain.logs(filter).await.map_err(chain_fault)
    }

    /// The first door: asks a contract as the chain stands.
    pub(crate) async fn read<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.ask(contract, call, &World::default()).await
    }

    /// Asks a contract as the next transaction would find it; for what depends on the time.
    pub(crate) async fn read_next<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        let world = self.next_world().await?;
        self.ask(contract, call, &world).await
    }

    /// Asks a contract in this connection's own name.
    async fn ask<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        world: &World,
    ) -> Result<C::Return, MarketError> {
        let message = self.message(contract, call.abi_encode().into(), 0);
        self.ask_as::<C>(contract, &message, world).await
    }

    /// Asks a contract with a message and in a world of the caller's making.
    pub(crate) async fn ask_as<C: SolCall>(
        &self,
        contract: Contract,
        message: &Call,
        world: &World,
    ) -> Result<C::Return, MarketError> {
        let answer = self.chain.call(message, world).await.map_err(|f| f.at(contract))?;
        self.decode::<C>(contract, &answer).await
    }

    /// What a contract answered; an answer that is none is traced to its cause.
    pub(crate) async fn decode<C: SolCall>(
        &self,
        contract: Contract,
        answer: &Bytes,
    ) -> Result<C::Return, MarketError> {
        if let Ok(value) = C::abi_decode_returns(answer) {
            return Ok(value);
        }
        let address = contract.address();
        if self.code(address).await?.is_empty() {
            return Err(MarketError::NoContract(address));
        }
        Err(MarketError::NotTheInterface { contract: address, call: C::SIGNATURE })
    }

    /// The result, or what stood against it: nodes refuse what an account cannot pay in words of their
    /// own, so the account's balance is looked at.
    pub(crate) async fn explain<T>(
        &self,
        result: Result<T, Fault>,
        contract: Contract,
        message: &Call,
        gas: u64,
    ) -> Result<T, MarketError> {
        let fault = match result {
            Ok(value) => return Ok(value),
            Err(fault) => fault,
        };
        if let (Fault::Node(NodeError::Answered { .. }), Some(account)) = (&fault, message.from) {
            let have = self.balance(account).await?;
            let price = U256::from(self.head().await?.gas_price).saturating_mul(U256::from(2));
            let fee = price.saturating_mul(U256::from(gas));
            let need = U256::from(message.value).saturating_add(fee);
            if have < need {
                return Err(MarketError::Funds { account, have, need });
            }
        }
        Err(fault.at(contract))
    }

    /// A message from this connection's account.
    pub(crate) fn message(&self, contract: Contract, data: Bytes, value: u128) -> Call {
        Call { from: self.chain.account(), to: Some(contract.address()), data, value }
    }
}

/// A fault where no contract was called.
pub(crate) fn chain_fault(fault: Fault) -> MarketError {
    fault.at(Contract::Other(Address::ZERO))
}

#[cfg(test)]
mod tests;
