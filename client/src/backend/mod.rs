//! Backends: the one trait through which everything reaches a node, and its implementations.
//!
//! The trait is in terms of primitive types, so all code above it is the same for [`alloy`], `ethers` and
//! [`fallback`], which asks several nodes as one. [`connect`] chooses the implementation.

mod alloy;
pub(crate) mod connect;
#[cfg(feature = "ethers")]
mod ethers;
pub(crate) mod fallback;
#[cfg(test)]
pub(crate) mod mock;
mod origin;
mod refusal;
mod signed_tx;
mod types;
mod urgency;

use std::fmt::Debug;

use ::alloy::primitives::{Address, B256, Bytes, U256};
use futures::future::BoxFuture;

pub use self::signed_tx::SignedTx;
pub(crate) use self::signed_tx::{Fees, TxDraft};
pub(crate) use self::types::{AccountOverride, BlockTag, CallEnv, LogFilter, TxRequest};
pub use self::types::{Head, Log, Receipt};
pub use self::urgency::urgent;
use crate::error::BackendError;

/// The future that every request of a backend returns.
pub(crate) type BackendFuture<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// A connection to one chain, with at most one account that signs.
///
/// - **Concurrency.** Requests are independent: any number may be in flight, and they may complete in any
///   order. A caller that needs an order awaits one request before it makes the next.
/// - **Cancellation.** Dropping a future stops waiting, no more. A dropped [`Backend::broadcast`] may have
///   reached the node; every other request has no effect that lasts.
/// - **Retries and timeouts.** An implementation that speaks to one node does neither. [`fallback`] bounds each
///   request to a node, passes it on to the next node once, and repeats what nodes refuse for their rate limits.
/// - **Errors.** [`BackendError::Reverted`] only if the node executed the call and it reverted.
///   `Unreachable` means that the request may or may not have reached the node; `Rpc` that the node refused
///   it.
/// - **Blocks.** Two requests may be answered from different blocks, even by one node.
pub(crate) trait Backend: Debug + Send + Sync {
    /// The chain id, as it was when the connection was made.
    fn chain_id(&self) -> u64;
    /// The chain id, as the node reports it now.
    fn fetch_chain_id(&self) -> BackendFuture<'_, u64>;
    /// The account that signs, if there is one.
    fn account(&self) -> Option<Address>;
    /// The latest block.
    fn head(&self) -> BackendFuture<'_, Head>;
    /// A block; `None` if the chain has no block of that number.
    fn block(&self, number: u64) -> BackendFuture<'_, Option<Head>>;
    /// Simulates a call in `env` and returns its output. Nothing is sent.
    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes>;
    /// Estimates the gas of a call in `env`. Nothing is sent.
    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64>;
    /// The number of transactions that an account sent: those in blocks or, with `pending`, those in the node's
    /// pool as well.
    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64>;
    /// Signs a transaction with the account's key, without sending it. Every implementation signs a draft
    /// to the same bytes. Fails with `Signing` without an account.
    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx>;
    /// Sends a transaction to the node's pool, and does not wait for a block. Safe to repeat: the chain takes a
    /// transaction at most once.
    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()>;
    /// The receipt of a transaction; `None` while no block has it.
    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>>;
    /// A transaction by its hash; `None` if the node has none, or nobody signed it.
    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>>;
    /// The logs that match, in the order of the chain.
    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>>;
    /// The code of an account, empty if it has none.
    fn code(&self, account: Address) -> BackendFuture<'_, Bytes>;
    /// The balance of an account in wei.
    fn balance(&self, account: Address) -> BackendFuture<'_, U256>;
}

#[cfg(test)]
mod tests;
