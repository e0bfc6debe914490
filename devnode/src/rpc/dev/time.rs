//! Cheats for the clock.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext};

/// `evm_increaseTime`: moves the clock forward by seconds; returns how many it is ahead of system
/// time.
pub(super) fn increase_time(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let seconds = args.any_number()?;
    args.finish()?;
    node.chain.increase_time(seconds);
    Ok(json!(node.chain.clock().seconds_ahead()))
}

/// `anvil_setTime`: sets the clock to a unix second; returns by how many seconds it moved forward.
pub(super) fn set_clock_seconds(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = args.any_number()?;
    args.finish()?;
    set_clock(node, timestamp)
}

/// `evm_setTime`: the same with unix milliseconds, rounded down to a second.
pub(super) fn set_clock_milliseconds(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = Duration::from_millis(args.any_number()?);
    args.finish()?;
    set_clock(node, timestamp.as_secs())
}

/// Sets the clock; returns by how many seconds it moved forward.
fn set_clock(node: &mut NodeContext, timestamp: u64) -> MethodResult {
    let before = node.chain.clock().now();
    node.chain.set_time(timestamp)?;
    Ok(json!(timestamp.saturating_sub(before)))
}

/// `evm_setNextBlockTimestamp`: sets the timestamp of the next block, from which the clock runs on.
pub(super) fn set_next_timestamp(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let timestamp = args.any_number()?;
    args.finish()?;
    node.chain.set_next_block_timestamp(timestamp)?;
    Ok(Value::Null)
}

/// `anvil_setBlockTimestampInterval`: sets the seconds between consecutive blocks.
pub(super) fn set_timestamp_interval(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let seconds = args.any_number()?;
    args.finish()?;
    node.chain.set_block_timestamp_interval(Some(seconds));
    Ok(Value::Null)
}

/// `anvil_removeBlockTimestampInterval`: uses the clock again; returns whether an interval was set.
pub(super) fn remove_timestamp_interval(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.chain.set_block_timestamp_interval(None).is_some()))
}

/// `devnode_setL1BlockNumber`: sets the height of the parent chain, from the next block on.
pub(super) fn set_l1_height(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let height = args.any_number()?;
    args.finish()?;
    node.chain.set_l1_height(height)?;
    Ok(Value::Null)
}

/// `devnode_setL1BlockTime`: sets the seconds between blocks of the parent chain; zero stops it.
pub(super) fn set_l1_block_time(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let seconds = args.any_number()?;
    args.finish()?;
    node.chain.set_l1_block_time(Some(seconds));
    Ok(Value::Null)
}
