//! Mining, and the transaction pool.

use std::{collections::BTreeMap, time::Duration};

use alloy::{
    consensus::Transaction,
    primitives::{Address, B256, U256},
};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext, RpcError, convert};
use crate::chain::RecoveredTransaction;

/// Maximum number of blocks mined by one request.
const MAX_BLOCKS: u64 = 100_000;

/// Pooled transactions by sender and nonce.
type PoolContent = BTreeMap<Address, BTreeMap<u64, Value>>;

/// `evm_mine`: mines a block, optionally with the given timestamp.
pub(super) fn mine_one(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = args.optional_any_number()?;
    args.finish()?;
    if let Some(timestamp) = timestamp {
        node.chain.set_next_block_timestamp(timestamp)?;
    }
    node.chain.mine();
    Ok(json!("0x0"))
}

/// `anvil_mine`: mines this many blocks, optionally this many seconds apart.
pub(super) fn mine(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let count = args.optional_any_number()?.unwrap_or(1);
    let seconds = args.optional_any_number()?;
    args.finish()?;
    if count > MAX_BLOCKS {
        return Err(RpcError::TooManyBlocks(MAX_BLOCKS));
    }
    for index in 0..count {
        if let Some(seconds) = seconds.filter(|_| index > 0) {
            let next = node.chain.latest().header.timestamp.saturating_add(seconds);
            node.chain.set_next_block_timestamp(next)?;
        }
        node.chain.mine();
    }
    Ok(Value::Null)
}

/// `evm_setAutomine`: sets whether each transaction is mined at once.
pub(super) fn set_automine(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let automine = args.take()?;
    args.finish()?;
    node.chain.set_automine(automine);
    Ok(Value::Null)
}

/// `anvil_getAutomine`
pub(super) fn automine(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.chain.automine()))
}

/// `anvil_setIntervalMining`: mines a block every so many seconds instead of at once; zero stops.
pub(super) fn set_interval_seconds(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let period = Duration::from_secs(args.any_number()?);
    args.finish()?;
    node.chain.set_automine(false);
    set_block_time(node, period)
}

/// `evm_setIntervalMining`: mines a block every so many milliseconds, besides those of automine;
/// zero stops.
pub(super) fn set_interval_milliseconds(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let period = Duration::from_millis(args.any_number()?);
    args.finish()?;
    set_block_time(node, period)
}

/// `anvil_getIntervalMining`: whole seconds between blocks; null without interval mining.
pub(super) fn interval(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.block_time.borrow().map(|period| period.as_secs())))
}

/// `anvil_dropTransaction`: drops a pooled transaction; returns its hash, or null if it is not
/// pooled.
pub(super) fn drop_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let hash: B256 = args.take()?;
    args.finish()?;
    let dropped = node.chain.drop_pooled(|incoming| incoming.hash() == hash);
    Ok(json!(dropped.then_some(hash)))
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

/// `anvil_setNextBlockBaseFeePerGas`: sets the base fee of all following blocks.
pub(super) fn set_base_fee(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let fee = args.any_number()?;
    args.finish()?;
    node.chain.set_base_fee(U256::from(fee));
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
    let whole = |incoming: &RecoveredTransaction| {
        Ok(serde_json::to_value(convert::pending_transaction(incoming))?)
    };
    let [pending, queued] = pool_by_state(node, whole)?;
    Ok(json!({"pending": pending, "queued": queued}))
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

/// Mines a block in every period; zero stops.
#[expect(clippy::unnecessary_wraps, reason = "ends methods")]
fn set_block_time(node: &NodeContext, period: Duration) -> MethodResult {
    // The receiver is gone while the node stops.
    let _ = node.block_time.send(Some(period).filter(|period| !period.is_zero()));
    Ok(Value::Null)
}
