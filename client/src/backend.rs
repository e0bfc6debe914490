//! The seam between the market and whatever talks to a node: one small trait in terms of primitive
//! types. Everything above it is the same for every backend, of which [`crate::alloy`] is the usual one.

use std::fmt::Debug;

use alloy::primitives::{Address, B256, Bytes, LogData, U256};
use alloy::sol_types::SolEvent;
use futures::future::BoxFuture;

use crate::error::BackendError;
use crate::signed_tx::{SignedTx, TxDraft};

/// What a backend answers, some time later.
pub(crate) type BackendFuture<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// A connection to one node, with at most one account that signs.
pub(crate) trait Backend: Debug + Send + Sync {
    /// The chain's id, as it was when the connection was made.
    fn chain_id(&self) -> u64;
    /// The chain's id, as the node says now.
    fn fetch_chain_id(&self) -> BackendFuture<'_, u64>;
    /// The account that signs what is sent, if there is one.
    fn account(&self) -> Option<Address>;
    /// The latest block.
    fn head(&self) -> BackendFuture<'_, Head>;
    /// The hash of a block; `None` if there is none of that number.
    fn block_hash(&self, number: u64) -> BackendFuture<'_, Option<B256>>;
    /// What a message would return in this world; nothing changes.
    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes>;
    /// The gas that a message would need in this world.
    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64>;
    /// How many transactions an account has sent: those in blocks, or with those that wait for one.
    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64>;
    /// Signs a transaction, and sends nothing.
    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx>;
    /// Sends a transaction, without waiting for a block.
    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()>;
    /// What became of a transaction; `None` while it is in no block.
    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>>;
    /// A transaction that an account signed; `None` if there is none, or nobody signed it.
    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>>;
    /// Events in the order in which they happened.
    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>>;
    /// The code of an account, empty if it has none.
    fn code(&self, account: Address) -> BackendFuture<'_, Bytes>;
    /// The wei that an account holds.
    fn balance(&self, account: Address) -> BackendFuture<'_, U256>;
}

/// A message to an account, or code for a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxRequest {
    /// The sender; `None` is the zero account, which can only ask.
    pub(crate) from: Option<Address>,
    /// The receiver; `None` creates a contract.
    pub(crate) to: Option<Address>,
    /// Selector and arguments, or code.
    pub(crate) data: Bytes,
    /// Wei that go along.
    pub(crate) value: u128,
}

/// On which block a message is tried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BlockTag {
    /// As if the latest block were still being made.
    #[default]
    Latest,
    /// As if that block were still being made.
    Number(u64),
    /// As the first transaction of the next block.
    Pending,
}

/// The circumstances in which a message is tried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallEnv {
    /// The block whose state counts.
    pub(crate) block: BlockTag,
    /// The block's timestamp, where the node's own guess may be old.
    pub(crate) timestamp: Option<u64>,
    /// What is taken to be different from the state of that block.
    pub(crate) overrides: Vec<AccountOverride>,
}

/// What is taken to be different about one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountOverride {
    /// The account.
    pub(crate) account: Address,
    /// Its balance in wei.
    pub(crate) balance: Option<U256>,
    /// Its code.
    pub(crate) code: Option<Bytes>,
    /// A slot of its storage and the value in it.
    pub(crate) storage: Option<(B256, B256)>,
}

/// Which events to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// First block.
    pub(crate) from: u64,
    /// Last block.
    pub(crate) to: u64,
    /// The contract they come from; `None` is any.
    pub(crate) address: Option<Address>,
    /// For each topic, from the first on, the values that fit; none is any.
    pub(crate) topics: [Vec<B256>; 3],
}

/// What is known of the latest block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Height of the L2 chain.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// Unix seconds.
    pub timestamp: u64,
    /// Wei that one unit of gas costs.
    pub gas_price: u128,
}

/// What became of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Hash of the transaction.
    pub transaction: B256,
    /// The block it is in.
    pub block: u64,
    /// Whether it did what it was to do.
    pub success: bool,
    /// Gas that it used.
    pub gas_used: u64,
    /// The contract that it created, if it created one.
    pub created: Option<Address>,
    /// What the contracts said.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The first event of this type that `contract` emitted.
    #[must_use]
    pub fn event<E: SolEvent>(&self, contract: Address) -> Option<E> {
        self.events(contract).next()
    }

    /// All events of this type that `contract` emitted.
    pub fn events<E: SolEvent>(&self, contract: Address) -> impl Iterator<Item = E> {
        self.logs
            .iter()
            .filter(move |log| log.address == contract)
            .filter_map(|log| E::decode_log_data(&log.data).ok())
    }
}

/// Something that a contract said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// Topics and data.
    pub data: LogData,
    /// The block it happened in.
    pub block: u64,
    /// Place among the events of that block.
    pub log_index: u64,
    /// The transaction it happened in.
    pub transaction: B256,
}

#[cfg(test)]
mod tests;
