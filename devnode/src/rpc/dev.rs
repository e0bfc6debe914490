//! Methods that only a dev chain has: moving time, making blocks, giving money.

use alloy::primitives::U256;
use serde_json::{Value, json};

use super::{Args, Node, Reply, RpcError};

/// The most blocks made at once.
const MAX_BLOCKS: u64 = 100_000;

/// `evm_increaseTime`: moves the clock forward by seconds; how far it is ahead then.
pub(super) fn increase_time(node: &mut Node, mut args: Args) -> Reply {
    let seconds = args.any_number()?;
    args.end()?;
    node.chain.clock.advance(seconds);
    Ok(json!(node.chain.clock.ahead()))
}

/// `evm_setNextBlockTimestamp`: gives the next block a time, from which the clock goes on.
pub(super) fn set_next_timestamp(node: &mut Node, mut args: Args) -> Reply {
    let timestamp = args.any_number()?;
    args.end()?;
    promise(node, timestamp)?;
    Ok(Value::Null)
}

/// `evm_mine`: makes one block without transactions, at a given time if one is given.
pub(super) fn mine_one(node: &mut Node, mut args: Args) -> Reply {
    let timestamp = args.optional_any_number()?;
    args.end()?;
    if let Some(timestamp) = timestamp {
        promise(node, timestamp)?;
    }
    node.chain.mine();
    Ok(json!("0x0"))
}

/// `anvil_mine`: makes that many blocks without transactions, that many seconds apart.
pub(super) fn mine(node: &mut Node, mut args: Args) -> Reply {
    let count = args.optional_any_number()?.unwrap_or(1).min(MAX_BLOCKS);
    let apart = args.optional_any_number()?;
    args.end()?;
    for index in 0..count {
        if let Some(apart) = apart.filter(|_| index > 0) {
            let next = node.chain.latest().header.timestamp.saturating_add(apart);
            node.chain.clock.set_next(next);
        }
        node.chain.mine();
    }
    Ok(Value::Null)
}

/// `anvil_setBalance`
pub(super) fn set_balance(node: &mut Node, mut args: Args) -> Reply {
    let (account, balance): (_, U256) = (args.address()?, args.take()?);
    args.end()?;
    node.chain.set_balance(account, balance);
    Ok(Value::Null)
}

/// Promises a time to the next block, if it is not before the newest one.
fn promise(node: &mut Node, timestamp: u64) -> Result<(), RpcError> {
    if timestamp < node.chain.latest().header.timestamp {
        return Err(RpcError::TimeTravel(timestamp));
    }
    node.chain.clock.set_next(timestamp);
    Ok(())
}
