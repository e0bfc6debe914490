//! Moving time.

use serde_json::{Value, json};

use super::super::{Args, Node, Reply};

/// `evm_increaseTime`: moves the clock forward by seconds; how far it is ahead then.
pub(super) fn increase(node: &mut Node, mut args: Args) -> Reply {
    let seconds = args.any_number()?;
    args.end()?;
    node.chain.advance(seconds);
    Ok(json!(node.chain.clock().ahead()))
}

/// `evm_setTime`: sets the clock; how many seconds that is ahead of what it was.
pub(super) fn set(node: &mut Node, mut args: Args) -> Reply {
    let timestamp = args.any_number()?;
    args.end()?;
    let before = node.chain.clock().now();
    node.chain.set_time(timestamp)?;
    Ok(json!(timestamp.saturating_sub(before)))
}

/// `evm_setNextBlockTimestamp`: gives the next block a time, from which the clock goes on.
pub(super) fn set_next(node: &mut Node, mut args: Args) -> Reply {
    let timestamp = args.any_number()?;
    args.end()?;
    node.chain.set_next_time(timestamp)?;
    Ok(Value::Null)
}

/// `anvil_setBlockTimestampInterval`: each block from now on is that many seconds after the one before.
pub(super) fn set_step(node: &mut Node, mut args: Args) -> Reply {
    let seconds = args.any_number()?;
    args.end()?;
    node.chain.set_step(Some(seconds));
    Ok(Value::Null)
}

/// `anvil_removeBlockTimestampInterval`: blocks have the time of the clock again; whether they had not.
pub(super) fn remove_step(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(node.chain.set_step(None).is_some()))
}
