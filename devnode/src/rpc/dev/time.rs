//! Moving time.

use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext};

/// `evm_increaseTime`: moves the clock forward by seconds; how far it is ahead then.
pub(super) fn increase_time(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let seconds = args.any_number()?;
    args.finish()?;
    node.chain.increase_time(seconds);
    Ok(json!(node.chain.clock().seconds_ahead()))
}

/// `evm_setTime`: sets the clock; how many seconds that is ahead of what it was.
pub(super) fn set_clock(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = args.any_number()?;
    args.finish()?;
    let before = node.chain.clock().now();
    node.chain.set_time(timestamp)?;
    Ok(json!(timestamp.saturating_sub(before)))
}

/// `evm_setNextBlockTimestamp`: gives the next block a time, from which the clock goes on.
pub(super) fn set_next_timestamp(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = args.any_number()?;
    args.finish()?;
    node.chain.set_next_block_timestamp(timestamp)?;
    Ok(Value::Null)
}

/// `anvil_setBlockTimestampInterval`: each block from now on is that many seconds after the one before.
pub(super) fn set_timestamp_interval(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let seconds = args.any_number()?;
    args.finish()?;
    node.chain.set_block_timestamp_interval(Some(seconds));
    Ok(Value::Null)
}

/// `anvil_removeBlockTimestampInterval`: blocks have the time of the clock again; whether they had not.
pub(super) fn remove_timestamp_interval(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.chain.set_block_timestamp_interval(None).is_some()))
}
