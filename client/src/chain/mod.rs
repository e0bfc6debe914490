//! Reading a chain: calls on the latest or the pending block, with typed results and errors.

mod clock;
mod log_ranges;
mod multicall;
mod pending;

use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;
use futures::future::try_join_all;
use tokio::time::{Duration, Instant};

use self::clock::{ChainClock, unix_now};
use self::log_ranges::LogRanges;
pub(crate) use self::multicall::{Call, Outcome};
use self::multicall::{calls_in_request, init_code, outcomes};
use crate::backend::{Backend, CallEnv, Head, Log, LogFilter, Receipt, SignedTx, TxRequest};
use crate::error::{BackendError, Contract, MarketError, NodeError, lookup_error};

/// A backend, with a clock that follows the chain's. Cheap to clone; clones share both.
#[derive(Clone, Debug)]
pub(crate) struct ChainReader {
    /// The backend.
    backend: Arc<dyn Backend>,
    /// The chain's clock.
    clock: Arc<ChainClock>,
    /// How many blocks' logs the node sends at once.
    log_ranges: Arc<LogRanges>,
    /// The block that was the latest when it was read last, and the moment.
    latest: Arc<Mutex<Option<(Head, Instant)>>>,
}

impl ChainReader {
    /// A reader of this backend's chain.
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Self {
        let (clock, log_ranges, latest) = (Arc::default(), Arc::default(), Arc::default());
        Self { backend, clock, log_ranges, latest }
    }

    /// The backend.
    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`].
    pub(crate) fn account(&self) -> Result<Address, MarketError> {
        self.backend.account().ok_or(MarketError::NoAccount)
    }

    /// The latest block, from which the clock learns.
    pub(crate) async fn head(&self) -> Result<Head, MarketError> {
        let requested = unix_now();
        let head = self.backend.head().await.map_err(lookup_error)?;
        self.clock.observe(&head, requested, unix_now());
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Some((head, Instant::now()));
        Ok(head)
    }

    /// The block that was the latest at most so long ago, if it is known; otherwise the latest.
    pub(crate) async fn head_within(&self, max_age: Duration) -> Result<Head, MarketError> {
        let latest = *self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        match latest.filter(|(_, read)| read.elapsed() <= max_age) {
            Some((head, _)) => Ok(head),
            None => self.head().await,
        }
    }

    /// The chain's Unix second now, never before the latest block.
    pub(crate) fn time(&self, head: &Head) -> u64 {
        self.clock.time(head, unix_now())
    }

    /// The hash of a block; `None` if there is none of that number.
    pub(crate) async fn block_hash(&self, number: u64) -> Result<Option<B256>, MarketError> {
        Ok(self.block(number).await?.map(|block| block.hash))
    }

    /// A block; `None` if there is none of that number.
    pub(crate) async fn block(&self, number: u64) -> Result<Option<Head>, MarketError> {
        self.backend.block(number).await.map_err(lookup_error)
    }

    /// The balance of an account in wei.
    pub(crate) async fn balance(&self, account: Address) -> Result<U256, MarketError> {
        self.backend.balance(account).await.map_err(lookup_error)
    }

    /// The code of an account, empty if it has none.
    pub(crate) async fn code(&self, account: Address) -> Result<Bytes, MarketError> {
        self.backend.code(account).await.map_err(lookup_error)
    }

    /// The receipt of a transaction; `None` while no block has it.
    pub(crate) async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, MarketError> {
        self.backend.receipt(transaction).await.map_err(lookup_error)
    }

    /// A transaction by its hash; `None` if the node has none.
    pub(crate) async fn transaction(&self, hash: B256) -> Result<Option<SignedTx>, MarketError> {
        self.backend.transaction(hash).await.map_err(lookup_error)
    }

    /// The logs that match, in the order of the chain, however few blocks the node answers for at once.
    pub(crate) async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, MarketError> {
        let request = |filter| async move { self.backend.logs(&filter).await };
        self.log_ranges.read(filter, request).await.map_err(lookup_error)
    }

    /// Calls a contract on the latest block.
    pub(crate) async fn call<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        let request = self.tx_request(contract, call.abi_encode().into(), 0);
        self.call_in::<C>(contract, &request, &CallEnv::default()).await
    }

    /// Calls a contract as the first transaction of the next block would: for results that depend on the time.
    pub(crate) async fn call_pending<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        let request = self.tx_request(contract, call.abi_encode().into(), 0);
        let head = self.head().await?;
        self.call_in::<C>(contract, &request, &self.pending_env(&head)).await
    }

    /// Makes this request in `env`, and decodes the output.
    pub(crate) async fn call_in<C: SolCall>(
        &self,
        contract: Contract,
        request: &TxRequest,
        env: &CallEnv,
    ) -> Result<C::Return, MarketError> {
        let output = self.backend.call(request, env).await;
        let output = output.map_err(|error| contract.market_error(error))?;
        self.decode_return::<C>(contract, &output).await
    }

    /// Makes many calls, none of which returns more bytes than `longest`, in as few requests as they fit into. The calls of a request
    /// see one block. A node that refuses it is asked for each call by itself.
    pub(crate) async fn call_many(
        &self,
        calls: &[Call],
        longest: usize,
    ) -> Result<Vec<Outcome>, MarketError> {
        let requests =
            calls.chunks(calls_in_request(longest)).map(|calls| self.call_together(calls));
        Ok(try_join_all(requests).await?.concat())
    }

    /// Makes calls in one request.
    async fn call_together(&self, calls: &[Call]) -> Result<Vec<Outcome>, MarketError> {
        if let [call] = calls {
            return Ok(vec![self.call_alone(call).await?]);
        }
        let request = TxRequest { data: init_code(calls), ..TxRequest::default() };
        match self.backend.call(&request, &CallEnv::default()).await {
            Ok(output) => {
                if let Some(outcomes) = outcomes(&output, calls.len()) {
                    return Ok(outcomes);
                }
            }
            Err(BackendError::Reverted(_) | BackendError::Node(NodeError::Rpc { .. })) => {}
            Err(error) => return Err(lookup_error(error)),
        }
        try_join_all(calls.iter().map(|call| self.call_alone(call))).await
    }

    /// Makes one call.
    async fn call_alone(&self, (contract, data): &Call) -> Result<Outcome, MarketError> {
        let request = self.tx_request(*contract, data.clone(), 0);
        match self.backend.call(&request, &CallEnv::default()).await {
            Ok(output) => Ok(Ok(output)),
            Err(BackendError::Reverted(data)) => Ok(Err(data)),
            Err(error) => Err(contract.market_error(error)),
        }
    }

    /// The result of one of many calls.
    pub(crate) async fn decode_outcome<C: SolCall>(
        &self,
        contract: Contract,
        outcome: &Outcome,
    ) -> Result<C::Return, MarketError> {
        match outcome {
            Ok(output) => self.decode_return::<C>(contract, output).await,
            Err(data) => Err(contract.decode_revert(data.clone())),
        }
    }

    /// Decodes a contract's output. One that does not decode is traced to its cause.
    pub(crate) async fn decode_return<C: SolCall>(
        &self,
        contract: Contract,
        output: &Bytes,
    ) -> Result<C::Return, MarketError> {
        if let Ok(value) = C::abi_decode_returns(output) {
            return Ok(value);
        }
        let address = contract.address();
        if self.code(address).await?.is_empty() {
            return Err(MarketError::NoContract(address));
        }
        Err(MarketError::InterfaceMismatch { contract: address, call: C::SIGNATURE })
    }

    /// The error of a request that sends or simulates a transaction with this gas limit. Nodes word a lack
    /// of funds each in their own way, so the balance is compared instead.
    pub(crate) async fn tx_error(
        &self,
        error: BackendError,
        contract: Contract,
        request: &TxRequest,
        gas: u64,
    ) -> MarketError {
        if let (BackendError::Node(NodeError::Rpc { .. }), Some(account)) = (&error, request.from) {
            match self.check_funds(account, request.value, gas).await {
                Ok(()) => {}
                Err(error) => return error,
            }
        }
        contract.market_error(error)
    }

    /// Fails if the account cannot pay for this value and gas.
    async fn check_funds(
        &self,
        account: Address,
        value: u128,
        gas: u64,
    ) -> Result<(), MarketError> {
        let have = self.balance(account).await?;
        let price = U256::from(self.head().await?.gas_price).saturating_mul(U256::from(2));
        let need = U256::from(value).saturating_add(price.saturating_mul(U256::from(gas)));
        if have < need {
            return Err(MarketError::InsufficientFunds { account, have, need });
        }
        Ok(())
    }

    /// A request from this connection's account.
    pub(crate) fn tx_request(&self, contract: Contract, data: Bytes, value: u128) -> TxRequest {
        TxRequest { from: self.backend.account(), to: Some(contract.address()), data, value }
    }
}
