//! The public handle of a connection.

pub(crate) mod arb_wasm;
pub(crate) mod builder;
pub(crate) mod keepalive;
pub(crate) mod prepare;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolCall;

use crate::backend::{Backend, Head, Receipt, SignedTx};
use crate::chain::ChainReader;
use crate::error::{Contract, MarketError};
use crate::tx::{ResumedTx, TxJournal, TxSender};

/// A connection to a chain, with at most one account that signs.
///
/// Cheap to clone. Clones share the connection and the account's nonces, so any number of them may send at
/// the same time; transactions of one account are mined in the order of their nonces, which is that of the
/// calls only if each is awaited before the next.
#[derive(Clone, Debug)]
pub struct Node {
    /// Sends, and reads through its chain.
    sender: TxSender,
}

impl Node {
    /// A connection over this backend.
    pub(crate) fn from_backend(backend: Arc<dyn Backend>) -> Self {
        Self { sender: TxSender::new(ChainReader::new(backend)) }
    }

    /// Reads the chain.
    pub(crate) const fn chain(&self) -> &ChainReader {
        self.sender.chain()
    }

    /// Sends transactions.
    pub(crate) const fn sender(&self) -> &TxSender {
        &self.sender
    }

    /// The same connection, with another time to wait for a transaction to be mined; one minute by default.
    /// After it, verbs that send return [`MarketError::Unconfirmed`].
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.sender.set_timeout(timeout);
        self
    }

    /// The same connection, which records every transaction in this journal before sending it.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn TxJournal>) -> Self {
        self.sender.set_journal(journal);
        self
    }

    /// The same connection, whose transactions the journal gets under this purpose.
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.sender.set_purpose(purpose);
        self
    }

    /// The chain id, as it was when the connection was made.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain().backend().chain_id()
    }

    /// The account that signs.
    ///
    /// # Errors
    /// [`MarketError::NoAccount`] if there is none.
    pub fn account(&self) -> Result<Address, MarketError> {
        self.chain().account()
    }

    /// The latest block.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn head(&self) -> Result<Head, MarketError> {
        self.chain().head().await
    }

    /// A block by its number; `None` if the chain has none of that number yet.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn block(&self, number: u64) -> Result<Option<Head>, MarketError> {
        self.chain().block(number).await
    }

    /// The latest block, if the block `seen` is still in the chain.
    ///
    /// # Errors
    /// [`MarketError::Reorg`] if it is not, because the chain was reorganized or the node was restored from
    /// an older state; [`MarketError::Node`].
    pub async fn head_after(&self, seen: &Head) -> Result<Head, MarketError> {
        let head = self.head().await?;
        let hash = if head.number == seen.number {
            Some(head.hash)
        } else {
            self.chain().block_hash(seen.number).await?
        };
        if hash == Some(seen.hash) {
            return Ok(head);
        }
        Err(MarketError::Reorg { seen: seen.number, head: head.number })
    }

    /// The balance of an account in wei.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn balance(&self, account: Address) -> Result<U256, MarketError> {
        self.chain().balance(account).await
    }

    /// The code of an account, empty if it has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn code(&self, account: Address) -> Result<Bytes, MarketError> {
        self.chain().code(account).await
    }

    /// The receipt of a transaction; `None` while no block has it.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, MarketError> {
        self.chain().receipt(transaction).await
    }

    /// Sends `amount` wei to an account, and waits until the transaction is mined.
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions); [`MarketError::Reverted`] if the account is a
    /// contract that refuses ether.
    pub async fn transfer(&self, to: Address, amount: u128) -> Result<Receipt, MarketError> {
        let (_, receipt) =
            self.sender().send_data(Contract::Other(to), Bytes::new(), amount).await?;
        Ok(receipt)
    }

    /// Takes up transactions that a [`TxJournal`] recorded without an outcome: broadcasts them again,
    /// replaces them if they pay too little, waits as for any transaction, and records the outcomes. All of
    /// them at the same time; one result for each account and nonce.
    ///
    /// # Errors
    /// In each result: [`MarketError::NonceTaken`] if none of them will ever be mined, so that what they
    /// were for may be done again; [`MarketError::Unconfirmed`] if that is still open;
    /// [`MarketError::Node`] with `WrongChain` if they belong to another chain.
    pub async fn resume(&self, unfinished: Vec<SignedTx>) -> Vec<ResumedTx> {
        self.sender().resume(unfinished).await
    }

    /// Calls a contract on the latest block.
    pub(crate) async fn read<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.chain().call(contract, call).await
    }

    /// Calls a contract on the pending block.
    pub(crate) async fn read_pending<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
    ) -> Result<C::Return, MarketError> {
        self.chain().call_pending(contract, call).await
    }

    /// Calls a contract in a transaction, and waits until it is mined.
    pub(crate) async fn write<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        self.sender().send(contract, call, value).await
    }
}
