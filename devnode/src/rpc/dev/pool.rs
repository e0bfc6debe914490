//! The transaction pool.

use std::collections::BTreeMap;

use alloy::{
    consensus::Transaction,
    primitives::{Address, B256},
};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext, RpcError, convert};
use crate::chain::RecoveredTransaction;

/// Pooled transactions by sender and nonce.
type PoolContent = BTreeMap<Address, BTreeMap<u64, Value>>;

/// `anvil_dropTransaction`: drops a pooled transaction; returns its hash, or null if it is not
/// pooled.
pub(super) fn drop_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let hash: B256 = args.take()?;
    args.finish()?;
    let dropped = node.chain.drop_pooled(|incoming| incoming.hash() == hash);
    Ok(json!(dropped.then_some(hash)))
}

/// `hardhat_dropTransaction`: the same; returns whether it was pooled. Rejects a transaction that is
/// already mined.
pub(super) fn is_dropped(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let hash: B256 = args.take()?;
    args.finish()?;
    if node.chain.transaction(hash).is_some() {
        return Err(RpcError::AlreadyMined(hash));
    }
    Ok(json!(node.chain.drop_pooled(|incoming| incoming.hash() == hash)))
}

/// `anvil_dropAllTransactions`: drops all pooled transactions.
pub(super) fn drop_all_transactions(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    node.chain.drop_pooled(|_| true);
    Ok(Value::Null)
}

/// `anvil_removePoolTransactions`: drops the pooled transactions of an account.
pub(super) fn remove_pool_transactions(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let sender = args.address()?;
    args.finish()?;
    node.chain.drop_pooled(|incoming| incoming.sender() == sender);
    Ok(Value::Null)
}

/// `txpool_status`: counts pooled transactions that can run, and those with a nonce gap.
pub(super) fn pool_status(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let count = |content: &PoolContent| {
        let count: usize = content.values().map(BTreeMap::len).sum();
        format!("{count:#x}")
    };
    let [pending, queued] = &pool_by_state(node, |_| Ok(Value::Null))?;
    Ok(json!({"pending": count(pending), "queued": count(queued)}))
}

/// `txpool_content`: the same, with the transactions.
pub(super) fn pool_content(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let [pending, queued] = pool_by_state(node, whole)?;
    Ok(json!({"pending": pending, "queued": queued}))
}

/// `txpool_contentFrom`: the same for the transactions of one account.
pub(super) fn pool_content_from(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let sender = args.address()?;
    args.finish()?;
    let [pending, queued] = pool_by_state(node, whole)?;
    let own = |mut content: PoolContent| content.remove(&sender).unwrap_or_default();
    Ok(json!({"pending": own(pending), "queued": own(queued)}))
}

/// `eth_pendingTransactions`: the pooled transactions.
pub(super) fn pending_transactions(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    node.chain.pool().iter().map(whole).collect()
}

/// A pooled transaction.
fn whole(incoming: &RecoveredTransaction) -> Result<Value, RpcError> {
    Ok(serde_json::to_value(convert::pending_transaction(incoming))?)
}

/// `txpool_inspect`: the same, with one line per transaction.
pub(super) fn pool_inspect(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let [pending, queued] = pool_by_state(node, |incoming| Ok(json!(inspect_line(incoming))))?;
    Ok(json!({"pending": pending, "queued": queued}))
}

/// A pooled transaction in one line, in geth's format.
fn inspect_line(incoming: &RecoveredTransaction) -> String {
    let transaction = &incoming.transaction;
    let to = transaction.to().map_or_else(|| "contract creation".to_owned(), |to| to.to_string());
    let (value, gas) = (transaction.value(), transaction.gas_limit());
    format!("{to}: {value} wei + {gas} gas × {} wei", transaction.max_fee_per_gas())
}

/// Pooled transactions that can run, and those with a nonce gap, formatted with `format_transaction`.
fn pool_by_state(
    node: &NodeContext,
    format_transaction: impl Fn(&RecoveredTransaction) -> Result<Value, RpcError>,
) -> Result<[PoolContent; 2], RpcError> {
    let [mut pending, mut queued] = [PoolContent::new(), PoolContent::new()];
    for incoming in node.chain.pool().iter() {
        let (sender, nonce) = (incoming.sender(), incoming.nonce());
        let ready = nonce < node.chain.next_nonce(sender);
        let part = if ready { &mut pending } else { &mut queued };
        part.entry(sender).or_default().insert(nonce, format_transaction(incoming)?);
    }
    Ok([pending, queued])
}
