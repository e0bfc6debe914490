//! Mining.

use std::time::Duration;

use alloy::primitives::U256;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext, RpcError, convert, parse};
/// Maximum number of blocks mined by one request.
const MAX_BLOCKS: u64 = 100_000;

/// What `evm_mine` may be given: a timestamp, or options.
#[derive(Deserialize)]
#[serde(untagged)]
enum MineArgument {
    /// Options.
    Options(MineOptions),
    /// The timestamp of the first block.
    Timestamp(Value),
}

/// Options of `evm_mine`.
#[derive(Deserialize)]
struct MineOptions {
    /// The timestamp of the first block.
    timestamp: Option<Value>,
    /// Number of blocks; one if it is absent.
    blocks: Option<Value>,
}

/// `evm_mine`: mines a block, optionally with the given timestamp; with options, several.
pub(super) fn mine_one(node: &mut NodeContext, args: Args) -> MethodResult {
    mine_with_options(node, args)?;
    Ok(json!("0x0"))
}

/// `anvil_mine_detailed`: the same; returns the blocks with their transactions.
pub(super) fn mine_detailed(node: &mut NodeContext, args: Args) -> MethodResult {
    let before = node.chain.height();
    mine_with_options(node, args)?;
    let blocks = node.chain.block_range(before.saturating_add(1), node.chain.height());
    blocks.iter().map(|block| convert::block(block, true)).collect()
}

/// Mines the blocks that `evm_mine` is asked for.
fn mine_with_options(node: &mut NodeContext, mut args: Args) -> Result<(), RpcError> {
    let (timestamp, blocks) = match args.optional()? {
        Some(MineArgument::Options(options)) => (options.timestamp, options.blocks),
        Some(MineArgument::Timestamp(timestamp)) => (Some(timestamp), None),
        None => (None, None),
    };
    args.finish()?;
    let number = |value: Option<Value>| value.map(|value| parse::any_number(&value)).transpose();
    let invalid = |why| RpcError::InvalidArgument { index: 0, why };
    let timestamp = number(timestamp).map_err(invalid)?;
    let count = number(blocks).map_err(invalid)?.unwrap_or(1);
    check_block_count(count)?;
    if let Some(timestamp) = timestamp {
        node.chain.set_next_block_timestamp(timestamp)?;
    }
    for _ in 0..count {
        node.chain.mine();
    }
    Ok(())
}

/// `anvil_mine`: mines this many blocks, optionally each this many seconds after the one before, the
/// first one this many seconds from now.
pub(super) fn mine(node: &mut NodeContext, args: Args) -> MethodResult {
    mine_many(node, args, true)
}

/// `hardhat_mine`: the same, but the first block is mined without a delay.
pub(super) fn mine_after_first(node: &mut NodeContext, args: Args) -> MethodResult {
    mine_many(node, args, false)
}

/// Mines blocks; `first_too` tells whether the seconds between blocks apply to the first one.
fn mine_many(node: &mut NodeContext, mut args: Args, first_too: bool) -> MethodResult {
    let count = args.optional_any_number()?.unwrap_or(1);
    let seconds = args.optional_any_number()?;
    args.finish()?;
    check_block_count(count)?;
    for index in 0..count {
        if let Some(seconds) = seconds.filter(|_| first_too || index > 0) {
            let parent = node.chain.latest().header.timestamp;
            let from =
                if index == 0 { parent.max(node.chain.clock().next_reading()) } else { parent };
            node.chain.set_next_block_timestamp(from.saturating_add(seconds))?;
        }
        node.chain.mine();
    }
    Ok(Value::Null)
}

/// Rejects a request for too many blocks.
const fn check_block_count(count: u64) -> Result<(), RpcError> {
    if count > MAX_BLOCKS { Err(RpcError::TooManyBlocks(MAX_BLOCKS)) } else { Ok(()) }
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

/// `anvil_setNextBlockBaseFeePerGas`: sets the base fee of all following blocks.
pub(super) fn set_base_fee(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let fee = args.any_number()?;
    args.finish()?;
    node.chain.set_base_fee(U256::from(fee));
    Ok(Value::Null)
}

/// Mines a block in every period; zero stops.
#[expect(clippy::unnecessary_wraps, reason = "ends methods")]
fn set_block_time(node: &NodeContext, period: Duration) -> MethodResult {
    // The receiver is gone while the node stops.
    let _ = node.block_time.send(Some(period).filter(|period| !period.is_zero()));
    Ok(Value::Null)
}
