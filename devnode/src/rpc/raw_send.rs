//! Methods that send signed transactions. They wait, so they are asynchronous.

use std::{sync::Arc, time::Duration};

use alloy::primitives::{
    Address, B256, U64, U256,
    map::{AddressMap, B256Map},
};
use jsonrpsee::types::Params;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Args, MethodResult, NodeContext, RpcError, convert, send};
use crate::chain::{ChainError, ChainThread, RecoveredTransaction};

/// How long a transaction waits for missing lower nonces.
const NONCE_GAP_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a transaction waits for its block, if the request does not say.
const INCLUSION_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a transaction may wait for its block at most.
const MAX_INCLUSION_TIMEOUT: Duration = Duration::from_mins(1);

/// The thread of the chain.
type Thread = Arc<ChainThread<NodeContext>>;

/// Conditions of `eth_sendRawTransactionConditional`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Conditions {
    /// Storage of accounts.
    known_accounts: AddressMap<KnownStorage>,
    /// Lowest height of the parent chain.
    block_number_min: Option<U64>,
    /// Highest height of the parent chain.
    block_number_max: Option<U64>,
    /// Earliest unix second of the chain.
    timestamp_min: Option<U64>,
    /// Latest unix second of the chain.
    timestamp_max: Option<U64>,
}

/// What the storage of an account must be.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum KnownStorage {
    /// Its root.
    Root(B256),
    /// Some of its words.
    Words(B256Map<B256>),
}

/// `eth_sendRawTransaction`: submits a transaction. One whose nonce is too high waits up to
/// [`NONCE_GAP_TIMEOUT`] for the missing ones.
pub(super) async fn send_raw(params: Params<'static>, thread: Thread) -> MethodResult {
    let mut args = Args::parse(params.as_str())?;
    let raw = args.bytes()?;
    args.finish()?;
    submit(&thread, &raw).await
}

/// `eth_sendRawTransactionSync`: the same; returns the receipt, and fails if there is none in time.
pub(super) async fn send_and_wait(params: Params<'static>, thread: Thread) -> MethodResult {
    let mut args = Args::parse(params.as_str())?;
    let (raw, milliseconds) = (args.bytes()?, args.optional_any_number()?);
    args.finish()?;
    let timeout = milliseconds
        .filter(|&milliseconds| milliseconds > 0)
        .map_or(INCLUSION_TIMEOUT, Duration::from_millis)
        .min(MAX_INCLUSION_TIMEOUT);
    let hash = serde_json::from_value(submit(&thread, &raw).await?)?;
    wait_for_receipt(&thread, hash, timeout).await
}

/// `eth_sendTransactionSync`: `eth_sendTransaction`, but returns the receipt, and fails if there is
/// none in time.
pub(super) async fn send_for_and_wait(params: Params<'static>, thread: Thread) -> MethodResult {
    let args = Args::parse(params.as_str())?;
    let hash = thread
        .run(move |node| node.attempt(|node| send::send(node, args)))
        .await?
        .map_err(ChainError::from)??;
    wait_for_receipt(&thread, serde_json::from_value(hash)?, INCLUSION_TIMEOUT).await
}

/// The receipt of a transaction, once it is in a block.
///
/// # Errors
/// If that takes too long.
async fn wait_for_receipt(thread: &Thread, hash: B256, timeout: Duration) -> MethodResult {
    let now = Instant::now();
    let deadline = now.checked_add(timeout).unwrap_or(now);
    let mut changes = thread.run(|node| node.chain.changes().subscribe()).await?;
    loop {
        changes.mark_unchanged();
        let receipt = thread.run(move |node| match node.chain.transaction(hash) {
            Some((block, index)) => convert::receipt(block, index),
            None => Ok(Value::Null),
        });
        let receipt = receipt.await??;
        if !receipt.is_null() {
            return Ok(receipt);
        }
        if timeout_at(deadline, changes.changed()).await.is_err() {
            return Err(RpcError::NotIncluded { hash, timeout });
        }
    }
}

/// `eth_sendRawTransactionConditional`: the same as `eth_sendRawTransaction` if the chain meets some
/// conditions, else an error.
pub(super) async fn send_if(params: Params<'static>, thread: Thread) -> MethodResult {
    let mut args = Args::parse(params.as_str())?;
    let raw = args.bytes()?;
    let conditions: Conditions = args.optional()?.unwrap_or_default();
    args.finish()?;
    thread
        .run(move |node| node.attempt(|node| conditions.check(node)))
        .await?
        .map_err(ChainError::from)??;
    submit(&thread, &raw).await
}

/// Submits a transaction and returns its hash.
async fn submit(thread: &Thread, raw: &[u8]) -> MethodResult {
    let incoming = RecoveredTransaction::decode(raw).map_err(ChainError::from)?;
    let now = Instant::now();
    let timeout = sleep_until(now.checked_add(NONCE_GAP_TIMEOUT).unwrap_or(now));
    tokio::pin!(timeout);
    loop {
        let next = incoming.clone();
        let submitted =
            thread.run(move |node| match node.attempt(|node| node.chain.submit(next)) {
                Ok(Err(error @ ChainError::NonceTooHigh { .. })) => {
                    Err((error, node.chain.changes().subscribe()))
                }
                done => Ok(done.unwrap_or_else(|error| Err(error.into()))),
            });
        let (error, mut changes) = match submitted.await? {
            Ok(done) => return Ok(serde_json::to_value(done?)?),
            Err(retry) => retry,
        };
        tokio::select! {
            () = &mut timeout => return Err(error.into()),
            _ = changes.changed() => {}
        }
    }
}

impl Conditions {
    /// Checks the conditions on the latest state.
    ///
    /// # Errors
    /// If one is not met.
    fn check(&self, node: &NodeContext) -> Result<(), RpcError> {
        let within = |value: u64, bound: Option<U64>, is_ok: fn(&u64, &u64) -> bool| {
            bound.is_none_or(|bound| is_ok(&value, &bound.saturating_to()))
        };
        let l1_block = node.chain.latest().l1_height();
        let time = node.chain.clock().now().max(node.chain.latest().header.timestamp);
        let view = node.chain.latest_state();
        let has = |account: Address, known: &KnownStorage| match known {
            KnownStorage::Root(root) => view.storage_root(account) == *root,
            KnownStorage::Words(words) => words
                .iter()
                .all(|(&key, &word)| view.slot(account, key.into()) == U256::from_be_bytes(word.0)),
        };
        let known = |is_root: bool| {
            self.known_accounts
                .iter()
                .filter(|(_, known)| matches!(known, KnownStorage::Root(_)) == is_root)
                .all(|(&account, known)| has(account, known))
        };
        let checks = [
            ("BlockNumberMin", within(l1_block, self.block_number_min, u64::ge)),
            ("BlockNumberMax", within(l1_block, self.block_number_max, u64::le)),
            ("TimestampMin", within(time, self.timestamp_min, u64::ge)),
            ("TimestampMax", within(time, self.timestamp_max, u64::le)),
            ("Storage root hash", known(true)),
            ("Storage slot value", known(false)),
        ];
        match checks.iter().find(|(_, is_met)| !is_met) {
            Some((name, _)) => Err(RpcError::ConditionNotMet(name)),
            None => Ok(()),
        }
    }
}
