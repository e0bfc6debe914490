//! Methods about fees. Tips are never paid, so only the base fee matters.

use std::sync::Arc;

use alloy::{eips::BlockNumberOrTag, primitives::U64};
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext, RpcError};
use crate::{chain::Block, state::settings::SPEED_LIMIT};

/// Maximum number of blocks in a fee history.
const MAX_BLOCKS: u64 = 1024;

/// `eth_gasPrice`
pub(super) fn gas_price(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(serde_json::to_value(U64::from(node.chain.base_fee()))?)
}

/// `eth_maxPriorityFeePerGas`
pub(super) fn max_priority_fee(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!("0x0"))
}

/// `eth_feeHistory`
pub(super) fn history(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (count, newest) = (args.any_number()?, args.tag()?);
    let percentiles: Vec<f64> = args.optional()?.unwrap_or_default();
    args.finish()?;
    if count == 0 {
        return Ok(json!({"oldestBlock": "0x0", "gasUsedRatio": null}));
    }
    let newest = match newest {
        BlockNumberOrTag::Number(height) => height.min(node.chain.height()),
        tag => node.chain.require_block(tag.into())?.height(),
    };
    let oldest = newest.saturating_add(1).saturating_sub(count.min(MAX_BLOCKS));
    let blocks = node.chain.block_range(oldest, newest);
    let next = match node.chain.block(newest.saturating_add(1)) {
        Some(block) => block.base_fee(),
        None => node.chain.base_fee(),
    };
    let fees = blocks.iter().map(|block| block.base_fee()).chain([next]);
    let mut history = json!({
        "oldestBlock": U64::from(oldest),
        "baseFeePerGas": fees.map(U64::from).collect::<Vec<_>>(),
        "gasUsedRatio": blocks.iter().map(|block| speed_limit_usage(node, block)).collect::<Vec<_>>(),
    });
    if !percentiles.is_empty()
        && let Value::Object(fields) = &mut history
    {
        let tips = vec![json!("0x0"); percentiles.len()];
        fields.insert("reward".to_owned(), json!(vec![tips; blocks.len()]));
    }
    Ok::<_, RpcError>(history)
}

/// Share of the speed limit used up to and including a block, within its second: 0 to 1.
#[expect(clippy::float_arithmetic, reason = "`gasUsedRatio` is a fraction")]
fn speed_limit_usage(node: &NodeContext, block: &Arc<Block>) -> f64 {
    let same_second = node
        .chain
        .block_range(0, block.height())
        .iter()
        .rev()
        .take_while(|earlier| earlier.header.timestamp == block.header.timestamp);
    let gas = same_second.map(|block| block.header.gas_used).fold(0, u64::saturating_add);
    let float = |gas: u64| f64::from(u32::try_from(gas).unwrap_or(u32::MAX));
    float(gas.min(SPEED_LIMIT)) / float(SPEED_LIMIT)
}
