//! A connection to a chain, and the first of the two doors through which everything goes: asking. The
//! other, sending, is in [`crate::sending`].

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;

use crate::backend::{Backend, CallEnv, Head, Log, LogFilter, Receipt, TxRequest};
use crate::clock::{ChainClock, unix_now};
use crate::connect::NodeBuilder;
use crate::error::{BackendError, Contract, MarketError, NodeError};
use crate::tx_journal::TxJournal;
use crate::tx_sender::NonceManager;

/// How long to wait for a transaction to be in a block, unless told otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// A connection to a chain, with at most one account that signs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Node {
    /// The backend.
    pub(crate) backend: Arc<dyn Backend>,
    /// How long to wait for a transaction to be in a block.
    pub(crate) timeout: Duration,
    /// Where transactions are written down, if anywhere.
    pub(crate) journal: Option<Arc<dyn TxJournal>>,
    /// What the outbox is told that they are for.
    pub(crate) purpose: Arc<str>,
    /// The account's nonces, shared by all clones.
    pub(crate) nonces: Arc<NonceManager>,
    /// What time it is there, shared by all clones.
    pub(crate) clock: Arc<ChainClock>,
}

impl Node {
    /// Connects to the node at `url`, by HTTP or WebSocket. Without a signer, one can only look. For more
    /// than one node there is [`Connect`].
    ///
    /// # Errors
    /// [`MarketError::Node`] if no Ethereum node answers there.
    pub async fn connect(url: &str, signer: Option<PrivateKeySigner>) -> Result<Self, MarketError> {
        NodeBuilder::new([url]).with_signer(signer).connect().await
    }

    /// A node on some backend.
    pub(crate) fn from_backend(chain: Arc<dyn Backend>) -> Self {
        let (journal, purpose, nonces, clock) =
            (None, Arc::default(), Arc::default(), Arc::default());
        Self { backend: chain, timeout: DEFAULT_TIMEOUT, journal, purpose, nonces, clock }
    }

    /// The same connection, waiting so long for a transaction to be in a block (else a minute).
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same connection, which writes down what it sends.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn TxJournal>) -> Self {
        self.journal = Some(journal);
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
        self.backend.chain_id()
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`] if there is none.
    pub fn account(&self) -> Result<Address, MarketError> {
        self.backend.account().ok_or(MarketError::NoAccount)
    }

    /// The latest block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn head(&self) -> Result<Head, MarketError> {
        let asked = unix_now();
        let head = self.backend.head().await.map_err(backend_error)?;
        self.clock.observe(&head, asked, unix_now());
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
            self.backend.block_hash(seen.number).await.map_err(backend_error)?
        };
        if hash == Some(seen.hash) {
            return Ok(head);
        }
        Err(MarketError::Reorg { seen: seen.number, head: head.number })
    }

    /// The wei that an account holds.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn balance(&self, account: Address) -> Result<U256, MarketError> {
        self.backend.balance(account).await.map_err(backend_error)
    }

    /// The code of an account, empty if it has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn code(&self, account: Address) -> Result<Bytes, MarketError> {
        self.backend.code(account).await.map_err(backend_error)
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
        self.backend.receipt(transaction).await.map_err(backend_error)
    }

    /// Events in the order in which they happened.
    pub(crate) async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, MarketError> {
        self.backend.logs(filter).await.map_err(backend_error)
    }

    /// The first door: asks a contract as the chain stands.
    pub(crate) async fn read<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.call_contract(contract, call, &CallEnv::default()).await
    }

    /// Asks a contract as the next transaction would find it; for what depends on the time.
    pub(crate) async fn read_pending<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        let env = self.pending_env().await?;
        self.call_contract(contract, call, &env).await
    }

    /// Asks a contract in this connection's own name.
    async fn call_contract<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        env: &CallEnv,
    ) -> Result<C::Return, MarketError> {
        let request = self.tx_request(contract, call.abi_encode().into(), 0);
        self.call_contract_with::<C>(contract, &request, env).await
    }

    /// Asks a contract with a message and in a world of the caller's making.
    pub(crate) async fn call_contract_with<C: SolCall>(
        &self,
        contract: Contract,
        request: &TxRequest,
        env: &CallEnv,
    ) -> Result<C::Return, MarketError> {
        let answer =
            self.backend.call(request, env).await.map_err(|f| f.into_market_error(contract))?;
        self.decode_return::<C>(contract, &answer).await
    }

    /// What a contract answered; an answer that is none is traced to its cause.
    pub(crate) async fn decode_return<C: SolCall>(
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
        Err(MarketError::InterfaceMismatch { contract: address, call: C::SIGNATURE })
    }

    /// The result, or what stood against it: nodes refuse what an account cannot pay in words of their
    /// own, so the account's balance is looked at.
    pub(crate) async fn map_backend_error<T>(
        &self,
        result: Result<T, BackendError>,
        contract: Contract,
        request: &TxRequest,
        gas: u64,
    ) -> Result<T, MarketError> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if let (BackendError::Node(NodeError::Rpc { .. }), Some(account)) = (&error, request.from) {
            let have = self.balance(account).await?;
            let price = U256::from(self.head().await?.gas_price).saturating_mul(U256::from(2));
            let fee = price.saturating_mul(U256::from(gas));
            let need = U256::from(request.value).saturating_add(fee);
            if have < need {
                return Err(MarketError::InsufficientFunds { account, have, need });
            }
        }
        Err(error.into_market_error(contract))
    }

    /// A message from this connection's account.
    pub(crate) fn tx_request(&self, contract: Contract, data: Bytes, value: u128) -> TxRequest {
        TxRequest { from: self.backend.account(), to: Some(contract.address()), data, value }
    }
}

/// A fault where no contract was called.
pub(crate) fn backend_error(error: BackendError) -> MarketError {
    error.into_market_error(Contract::Other(Address::ZERO))
}

#[cfg(test)]
mod tests;
