//! Sending: simulate, sign, record, broadcast, confirm.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Bytes;
use alloy::sol_types::SolCall;

use super::fees;
use super::journal::{JournalHandle, TxJournal, TxOutcome};
use super::nonces::{NonceGuard, NonceManager};
use super::pending_tx::{PendingTx, TxTracker};
use super::prices::risen_prices;
use crate::backend::{BlockTag, CallEnv, Receipt, SignedTx, TxDraft, TxRequest};
use crate::chain::ChainReader;
use crate::error::{BackendError, Contract, MarketError, NodeError, lookup_error};

/// How often a transaction is sent whose nonce another one takes each time.
const MAX_ATTEMPTS: usize = 4;

/// How long to wait for a block, by default.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// Sends transactions of a connection's account. Every transaction is simulated with `eth_call` on the
/// pending block before it is signed, so a revert is known, with its reason, before gas is spent. Cheap to
/// clone; clones share the nonces.
#[derive(Clone, Debug)]
pub(crate) struct TxSender {
    /// The chain.
    chain: ChainReader,
    /// How long to wait for a block.
    timeout: Duration,
    /// Where transactions are recorded.
    journal: JournalHandle,
    /// The account's nonces in flight.
    nonces: Arc<NonceManager>,
}

/// What became of a broadcast.
enum Broadcast {
    /// The transaction, and its nonce while it is in flight.
    Accepted(SignedTx, NonceGuard),
    /// The node rejected it.
    Rejected(TxDraft, BackendError),
}

impl TxSender {
    /// A sender without a journal.
    pub(crate) fn new(chain: ChainReader) -> Self {
        let (journal, nonces) = (JournalHandle::default(), Arc::default());
        Self { chain, timeout: DEFAULT_TIMEOUT, journal, nonces }
    }

    /// Sets how long to wait for a block.
    pub(crate) const fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sets the journal.
    pub(crate) fn set_journal(&mut self, journal: Arc<dyn TxJournal>) {
        self.journal.journal = Some(journal);
    }

    /// Sets the purpose that the journal gets.
    pub(crate) fn set_purpose(&mut self, purpose: &str) {
        self.journal.purpose = purpose.into();
    }

    /// The chain.
    pub(crate) const fn chain(&self) -> &ChainReader {
        &self.chain
    }

    /// The account's nonces in flight.
    pub(super) fn nonces(&self) -> &NonceManager {
        &self.nonces
    }

    /// What following a transaction needs.
    pub(super) const fn tracker(&self) -> TxTracker<'_> {
        TxTracker { chain: &self.chain, journal: &self.journal, timeout: self.timeout }
    }

    /// Calls a contract in a transaction, and waits until it is mined.
    pub(crate) async fn send<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        let (output, receipt) = self.send_data(contract, call.abi_encode().into(), value).await?;
        self.chain.decode_return::<C>(contract, &output).await?;
        Ok(receipt)
    }

    /// Sends calldata in a transaction, and waits until it is mined. Returns the output of the simulation,
    /// and the receipt, which is one of success.
    pub(crate) async fn send_data(
        &self,
        contract: Contract,
        data: Bytes,
        value: u128,
    ) -> Result<(Bytes, Receipt), MarketError> {
        self.chain.account()?;
        self.simulate_and_send(contract, &self.chain.tx_request(contract, data, value)).await
    }

    /// Simulates and sends; starts over if another transaction takes the nonce.
    pub(super) async fn simulate_and_send(
        &self,
        contract: Contract,
        request: &TxRequest,
    ) -> Result<(Bytes, Receipt), MarketError> {
        let mut attempts = MAX_ATTEMPTS;
        loop {
            let head = self.chain.head().await?;
            let env = self.chain.pending_env(&head);
            let output = match self.chain.backend().call(request, &env).await {
                Ok(output) => output,
                Err(error) => return Err(self.chain.tx_error(error, contract, request, 0).await),
            };
            attempts = attempts.saturating_sub(1);
            match self.send_and_confirm(contract, request, &env, head.gas_price).await {
                Err(MarketError::NonceTaken { .. }) if attempts > 0 => {}
                result => return result.map(|receipt| (output, receipt)),
            }
        }
    }

    /// Sends a transaction that was simulated in `env` at this base fee, and waits until it is mined with success.
    async fn send_and_confirm(
        &self,
        contract: Contract,
        request: &TxRequest,
        env: &CallEnv,
        base_fee: u128,
    ) -> Result<Receipt, MarketError> {
        let gas = match self.chain.backend().estimate_gas(request, env).await {
            Ok(estimate) => fees::gas_limit(estimate),
            // The call has just succeeded, so this node only cannot estimate it.
            Err(BackendError::Node(NodeError::Rpc { .. })) => fees::GAS_WITHOUT_ESTIMATE,
            Err(error) => return Err(self.chain.tx_error(error, contract, request, 0).await),
        };
        let (signed, _guard) =
            self.sign_until_accepted(contract, request, env, gas, base_fee).await?;
        let receipt = PendingTx::new(signed).confirm(self.tracker()).await?;
        if receipt.success {
            return Ok(receipt);
        }
        // It reverted although its simulation did not: another transaction came first. Simulate it on its
        // block for the reason.
        let env = CallEnv { block: BlockTag::Number(receipt.block), ..CallEnv::default() };
        match self.chain.backend().call(request, &env).await {
            Err(error) => Err(contract.market_error(error)),
            Ok(data) => Err(MarketError::Reverted { contract: contract.address(), data }),
        }
    }

    /// Signs and broadcasts a transaction, and again if the node rejects it because prices have risen since its
    /// estimate.
    async fn sign_until_accepted(
        &self,
        contract: Contract,
        request: &TxRequest,
        env: &CallEnv,
        mut gas: u64,
        mut base_fee: u128,
    ) -> Result<(SignedTx, NonceGuard), MarketError> {
        let mut attempts = MAX_ATTEMPTS;
        loop {
            attempts = attempts.saturating_sub(1);
            let (draft, error) = match self.sign_and_broadcast(request, gas, base_fee).await? {
                Broadcast::Accepted(signed, guard) => return Ok((signed, guard)),
                Broadcast::Rejected(draft, error) => (draft, error),
            };
            match risen_prices(&self.chain, &draft, env).await {
                Some(prices) if attempts > 0 => {
                    (gas, base_fee) = (prices.gas_limit, prices.base_fee);
                }
                _ => return Err(self.chain.tx_error(error, contract, request, gas).await),
            }
        }
    }

    /// Signs, records and broadcasts a transaction. One at a time, so that no two get the same nonce.
    async fn sign_and_broadcast(
        &self,
        request: &TxRequest,
        gas: u64,
        base_fee: u128,
    ) -> Result<Broadcast, MarketError> {
        let _send_lock = self.nonces.send_lock.lock().await;
        let backend = self.chain.backend();
        let fees = fees::initial(base_fee);
        let pending = backend.nonce(self.chain.account()?, true).await.map_err(lookup_error)?;
        let nonce = self.nonces.next_nonce(pending);
        let draft = TxDraft { request: request.clone(), gas_limit: gas, nonce, fees };
        let signed = backend.sign(&draft).await.map_err(lookup_error)?;
        let guard = self.nonces.reserve(nonce);
        self.journal.record(&signed)?;
        if let Err(error) = self.broadcast(&signed).await {
            self.journal.record_outcome(&signed, &TxOutcome::Rejected);
            return Ok(Broadcast::Rejected(draft, error));
        }
        Ok(Broadcast::Accepted(signed, guard))
    }

    /// Broadcasts a transaction. An error means that no node has it; after `Ok`, polls tell.
    async fn broadcast(&self, signed: &SignedTx) -> Result<(), BackendError> {
        let backend = self.chain.backend();
        let Err(error @ BackendError::Node(NodeError::Rpc { .. })) =
            backend.broadcast(signed).await
        else {
            return Ok(());
        };
        // A node also refuses a transaction that it has, and nonces that are too low or too high. Only if
        // it waits for exactly this nonce did it reject this transaction.
        match backend.nonce(signed.from, true).await {
            Ok(next) if next == signed.nonce() => Err(error),
            _ => Ok(()),
        }
    }
}
