//! The second door: sending.
//!
//! Whatever is sent is tried out first, as the next block's first transaction would find the chain, so
//! that a refusal is known, with its reason, before anything is paid. Then it is signed, written down,
//! sent, and followed until it is in a block; [`crate::following`] is about that.

use std::collections::{BTreeMap, btree_map::Entry};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolCall;
use futures::future::join_all;
use tokio::sync::Mutex as AsyncMutex;

use crate::backend::{BlockTag, CallEnv, Receipt, TxRequest};
use crate::error::{BackendError, Contract, MarketError, NodeError};
use crate::node::{Node, backend_error};
use crate::pending_tx::PendingTx;
use crate::signed_tx::{Fees, SignedTx, TxDraft};
use crate::tx_journal::{ResumedTx, TxOutcome};

/// How often something is sent whose nonce another transaction takes each time.
const MAX_ATTEMPTS: usize = 4;

impl Node {
    /// Tries a call out, sends it, and waits until it is in a block.
    pub(crate) async fn write<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        let (answer, receipt) = self.submit(contract, call.abi_encode().into(), value).await?;
        self.decode_return::<C>(contract, &answer).await?;
        Ok(receipt)
    }

    /// Tries a message out, sends it, and waits until it is in a block. Returns what it answered when it
    /// was tried, and its receipt, which is one of success.
    pub(crate) async fn submit(
        &self,
        contract: Contract,
        data: Bytes,
        value: u128,
    ) -> Result<(Bytes, Receipt), MarketError> {
        self.account()?;
        self.simulate_and_send(contract, &self.tx_request(contract, data, value)).await
    }

    /// Creates a contract from init code.
    pub(crate) async fn create(&self, init_code: Bytes) -> Result<Receipt, MarketError> {
        let request =
            TxRequest { from: Some(self.account()?), to: None, data: init_code, value: 0 };
        Ok(self.simulate_and_send(Contract::Other(Address::ZERO), &request).await?.1)
    }

    /// Finds out what became of transactions that were handed to an outbox and have no outcome: sends them
    /// again, replaces them, waits, and tells the outbox. One answer for each account and nonce.
    ///
    /// # Errors
    /// In each answer: [`MarketError::NonceTaken`] if none of them will ever happen, so that what they were
    /// for can be done again; [`MarketError::Unconfirmed`] if that is still open;
    /// [`MarketError::Node`] with `WrongChain`.
    pub async fn resume(&self, unfinished: Vec<SignedTx>) -> Vec<ResumedTx> {
        let mut txs = BTreeMap::<_, PendingTx>::new();
        for signed in unfinished {
            match txs.entry((signed.chain_id, signed.from, signed.nonce())) {
                Entry::Vacant(place) => {
                    place.insert(PendingTx::new(signed));
                }
                Entry::Occupied(mut tx) => tx.get_mut().add_replacement(signed),
            }
        }
        join_all(txs.into_values().map(|mut tx| async {
            let end = self.resume_one(&mut tx).await;
            ResumedTx { tx: tx.latest, result: end }
        }))
        .await
    }

    /// Follows a deed that was handed back.
    async fn resume_one(&self, tx: &mut PendingTx) -> Result<Receipt, MarketError> {
        let SignedTx { chain_id: found, hash, .. } = tx.latest;
        let expected = self.chain_id();
        if found != expected {
            let what = format!("transaction {hash}").into();
            return Err(MarketError::Node(NodeError::WrongChain { what, expected, found }));
        }
        let _guard = (self.backend.account() == Some(tx.latest.from))
            .then(|| self.nonces.reserve(tx.latest.nonce()));
        drop(self.backend.broadcast(&tx.latest).await);
        self.confirm(tx).await
    }

    /// Tries a message out, sends it, and waits, again from the start if its nonce is taken.
    async fn simulate_and_send(
        &self,
        contract: Contract,
        request: &TxRequest,
    ) -> Result<(Bytes, Receipt), MarketError> {
        let mut attempts = MAX_ATTEMPTS;
        loop {
            let env = self.pending_env().await?;
            let answer = self.backend.call(request, &env).await;
            let answer = self.map_backend_error(answer, contract, request, 0).await?;
            attempts = attempts.saturating_sub(1);
            match self.send_and_confirm(contract, request, &env).await {
                Err(MarketError::NonceTaken { .. }) if attempts > 0 => {}
                end => return end.map(|receipt| (answer, receipt)),
            }
        }
    }

    /// Sends a message that was tried out, and waits until it is in a block with success.
    async fn send_and_confirm(
        &self,
        contract: Contract,
        request: &TxRequest,
        env: &CallEnv,
    ) -> Result<Receipt, MarketError> {
        let gas = self.backend.estimate_gas(request, env).await;
        let gas = with_gas_margin(self.map_backend_error(gas, contract, request, 0).await?);
        let (signed, _guard) = self.sign_and_broadcast(contract, request, gas).await?;
        let receipt = self.confirm(&mut PendingTx::new(signed)).await?;
        if receipt.success {
            return Ok(receipt);
        }
        // It failed although it was tried out: another transaction came first. Trying again says why.
        let env = CallEnv { block: BlockTag::Number(receipt.block), ..CallEnv::default() };
        match self.backend.call(request, &env).await {
            Err(error) => Err(error.into_market_error(contract)),
            Ok(data) => Err(MarketError::Reverted { contract: contract.address(), data }),
        }
    }

    /// Signs, writes down and sends a transaction. One at a time, so that no two get the same nonce.
    async fn sign_and_broadcast(
        &self,
        contract: Contract,
        request: &TxRequest,
        gas: u64,
    ) -> Result<(SignedTx, NonceGuard), MarketError> {
        let _send_lock = self.nonces.send_lock.lock().await;
        let fees = Fees::from_base_fee(self.head().await?.gas_price);
        let pending = self.backend.nonce(self.account()?, true).await.map_err(backend_error)?;
        let nonce = self.nonces.next_nonce(pending);
        let draft = TxDraft { request: request.clone(), gas_limit: gas, nonce, fees };
        let signed = self.backend.sign(&draft).await.map_err(backend_error)?;
        let guard = self.nonces.reserve(nonce);
        self.journal_signed(&signed)?;
        let sent = self.broadcast(&signed).await;
        if sent.is_err() {
            self.journal_outcome(&signed, &TxOutcome::Rejected);
        }
        self.map_backend_error(sent, contract, request, gas).await?;
        Ok((signed, guard))
    }

    /// Writes a transaction down, if there is an outbox.
    pub(crate) fn journal_signed(&self, signed: &SignedTx) -> Result<(), MarketError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.record(&self.purpose, signed).map_err(MarketError::Journal)
    }

    /// Says what became of a transaction, if there is an outbox.
    pub(crate) fn journal_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        if let Some(journal) = &self.journal {
            journal.record_outcome(signed, outcome);
        }
    }

    /// Sends a transaction. An error says that no node has it; all else may be, and is looked at later.
    async fn broadcast(&self, signed: &SignedTx) -> Result<(), BackendError> {
        let Err(error @ BackendError::Node(NodeError::Rpc { .. })) =
            self.backend.broadcast(signed).await
        else {
            return Ok(());
        };
        // A node also refuses what it has, what came too late, and what came too early. Only if it waits
        // for exactly this nonce was it this transaction that it did not want.
        match self.backend.nonce(signed.from, true).await {
            Ok(next) if next == signed.nonce() => Err(error),
            _ => Ok(()),
        }
    }
}

/// The nonces of an account's transactions that are on their way.
#[derive(Debug, Default)]
pub(crate) struct NonceManager {
    /// Held from asking for a nonce until a node has the transaction.
    send_lock: AsyncMutex<()>,
    /// How many follow the transactions of each nonce.
    in_flight: Arc<Mutex<BTreeMap<u64, usize>>>,
}

impl NonceManager {
    /// The nonce of the next transaction, where a node, which may not know all of them, expects this one.
    fn next_nonce(&self, expected: u64) -> u64 {
        let in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let last = in_flight.last_key_value().map(|(nonce, _)| nonce.saturating_add(1));
        last.unwrap_or_default().max(expected)
    }

    /// Takes a nonce until the berth is dropped.
    fn reserve(&self, nonce: u64) -> NonceGuard {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let count = in_flight.entry(nonce).or_default();
        *count = count.saturating_add(1);
        NonceGuard { nonce, in_flight: self.in_flight.clone() }
    }
}

/// A place in the line, free again when it is dropped.
#[derive(Debug)]
struct NonceGuard {
    /// Whose place.
    nonce: u64,
    /// The line.
    in_flight: Arc<Mutex<BTreeMap<u64, usize>>>,
}

impl Drop for NonceGuard {
    fn drop(&mut self) {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = in_flight.get_mut(&self.nonce) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                in_flight.remove(&self.nonce);
            }
        }
    }
}

/// An estimate with what Stylus programs must have left at their end, and room for what other
/// transactions change meanwhile: a tenth and 5 000 more.
const fn with_gas_margin(gas: u64) -> u64 {
    gas.saturating_add(gas.div_ceil(10)).saturating_add(5_000)
}

#[cfg(test)]
mod tests;
