//! Making blocks, and the transactions that wait for one.

use std::{collections::BTreeMap, time::Duration};

use alloy::{
    consensus::Transaction,
    primitives::{Address, B256, U256},
};
use serde_json::{Value, json};

use super::super::{Args, Node, Reply, RpcError, shape};
use crate::chain::Incoming;

/// The most blocks made at once.
const MAX_BLOCKS: u64 = 100_000;

/// Waiting transactions by sender and nonce.
type Waiting = BTreeMap<Address, BTreeMap<u64, Value>>;

/// `evm_mine`: makes one block, at a given time if one is given.
pub(super) fn mine_one(node: &mut Node, mut args: Args) -> Reply {
    let timestamp = args.optional_any_number()?;
    args.end()?;
    if let Some(timestamp) = timestamp {
        node.chain.set_next_time(timestamp)?;
    }
    node.chain.mine();
    Ok(json!("0x0"))
}

/// `anvil_mine`: makes that many blocks, that many seconds apart.
pub(super) fn mine(node: &mut Node, mut args: Args) -> Reply {
    let count = args.optional_any_number()?.unwrap_or(1);
    let apart = args.optional_any_number()?;
    args.end()?;
    if count > MAX_BLOCKS {
        return Err(RpcError::TooManyBlocks(MAX_BLOCKS));
    }
    for index in 0..count {
        if let Some(apart) = apart.filter(|_| index > 0) {
            let next = node.chain.latest().header.timestamp.saturating_add(apart);
            node.chain.set_next_time(next)?;
        }
        node.chain.mine();
    }
    Ok(Value::Null)
}

/// `evm_setAutomine`: whether a transaction makes a block at once.
pub(super) fn set_automine(node: &mut Node, mut args: Args) -> Reply {
    let automine = args.take()?;
    args.end()?;
    node.chain.set_automine(automine);
    Ok(Value::Null)
}

/// `anvil_getAutomine`
pub(super) fn automine(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(node.chain.automine()))
}

/// `anvil_setIntervalMining`: makes blocks every so many seconds, and only then; never with zero.
pub(super) fn set_interval_seconds(node: &mut Node, mut args: Args) -> Reply {
    let period = Duration::from_secs(args.any_number()?);
    args.end()?;
    node.chain.set_automine(false);
    set_pace(node, period)
}

/// `evm_setIntervalMining`: makes blocks every so many milliseconds, besides those that transactions
/// make at once; no longer with zero.
pub(super) fn set_interval_milliseconds(node: &mut Node, mut args: Args) -> Reply {
    let period = Duration::from_millis(args.any_number()?);
    args.end()?;
    set_pace(node, period)
}

/// `anvil_getIntervalMining`: seconds between blocks, rounded down; null if they are not made by time.
pub(super) fn interval(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(node.pace.borrow().map(|period| period.as_secs())))
}

/// `anvil_dropTransaction`: drops a waiting transaction; its hash, or null if it does not wait.
pub(super) fn drop_one(node: &mut Node, mut args: Args) -> Reply {
    let hash: B256 = args.take()?;
    args.end()?;
    let dropped = node.chain.drop_waiting(|incoming| incoming.hash() == hash);
    Ok(json!(dropped.then_some(hash)))
}

/// `anvil_dropAllTransactions`: drops all waiting transactions.
pub(super) fn drop_all(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    node.chain.drop_waiting(|_| true);
    Ok(Value::Null)
}

/// `anvil_removePoolTransactions`: drops the waiting transactions of an account.
pub(super) fn drop_of(node: &mut Node, mut args: Args) -> Reply {
    let sender = args.address()?;
    args.end()?;
    node.chain.drop_waiting(|incoming| incoming.sender() == sender);
    Ok(Value::Null)
}

/// `anvil_setNextBlockBaseFeePerGas`: the base fee from the next block on, which nothing else moves.
pub(super) fn set_base_fee(node: &mut Node, mut args: Args) -> Reply {
    let fee = args.any_number()?;
    args.end()?;
    node.chain.set_base_fee(U256::from(fee));
    Ok(Value::Null)
}

/// `txpool_status`: how many transactions wait for a block, and how many for others before them.
pub(super) fn pool_status(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    let count = |waiting: &Waiting| {
        let count: usize = waiting.values().map(BTreeMap::len).sum();
        format!("{count:#x}")
    };
    let [pending, queued] = &waiting(node, |_| Ok(Value::Null))?;
    Ok(json!({"pending": count(pending), "queued": count(queued)}))
}

/// `txpool_content`: the same, with the transactions.
pub(super) fn pool_content(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    let whole = |incoming: &Incoming| Ok(serde_json::to_value(shape::waiting(incoming))?);
    let [pending, queued] = waiting(node, whole)?;
    Ok(json!({"pending": pending, "queued": queued}))
}

/// `txpool_inspect`: the same, with a line for each.
pub(super) fn pool_summary(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    let [pending, queued] = waiting(node, |incoming| Ok(json!(summary(incoming))))?;
    Ok(json!({"pending": pending, "queued": queued}))
}

/// A waiting transaction in one line, as geth writes it.
fn summary(incoming: &Incoming) -> String {
    let transaction = &incoming.transaction;
    let to = transaction.to().map_or_else(|| "contract creation".to_owned(), |to| to.to_string());
    let (value, gas) = (transaction.value(), transaction.gas_limit());
    format!("{to}: {value} wei + {gas} gas × {} wei", transaction.max_fee_per_gas())
}

/// Transactions that only wait for a block, and those that wait for others, each as `told`.
fn waiting(
    node: &Node,
    told: impl Fn(&Incoming) -> Result<Value, RpcError>,
) -> Result<[Waiting; 2], RpcError> {
    let [mut pending, mut queued] = [Waiting::new(), Waiting::new()];
    for incoming in node.chain.pool().iter() {
        let (sender, nonce) = (incoming.sender(), incoming.nonce());
        let ready = nonce < node.chain.next_nonce(sender);
        let part = if ready { &mut pending } else { &mut queued };
        part.entry(sender).or_default().insert(nonce, told(incoming)?);
    }
    Ok([pending, queued])
}

/// Makes blocks in every period, or no longer if it is zero.
#[expect(clippy::unnecessary_wraps, reason = "it ends methods")]
fn set_pace(node: &Node, period: Duration) -> Reply {
    // Whoever makes the blocks may be gone already, when the node stops.
    let _ = node.pace.send(Some(period).filter(|period| !period.is_zero()));
    Ok(Value::Null)
}
