//! Methods that tell how transactions and calls run.

use alloy::{
    eips::BlockId,
    primitives::B256,
    rpc::types::trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions},
};
use serde_json::json;

use super::{Args, Node, Reply};
use crate::chain::Ask;

/// `debug_traceTransaction`
pub(super) fn trace_transaction(node: &mut Node, mut args: Args) -> Reply {
    let (hash, options): (B256, _) = (args.take()?, args.optional()?.unwrap_or_default());
    args.end()?;
    Ok(serde_json::to_value(node.chain.trace(hash, options)?)?)
}

/// `debug_traceCall`
pub(super) fn trace_call(node: &mut Node, mut args: Args) -> Reply {
    let (request, block) = (args.call()?, args.block()?);
    let options: GethDebugTracingCallOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    let state = options.state_overrides.unwrap_or_default();
    let ask = Ask::new(request, block, state, options.block_overrides.unwrap_or_default());
    Ok(serde_json::to_value(node.chain.trace_call(&ask, options.tracing_options)?)?)
}

/// `debug_traceBlockByNumber`
pub(super) fn trace_block_by_number(node: &mut Node, mut args: Args) -> Reply {
    let id = BlockId::Number(args.tag()?);
    trace_block(node, id, args)
}

/// `debug_traceBlockByHash`
pub(super) fn trace_block_by_hash(node: &mut Node, mut args: Args) -> Reply {
    let id = BlockId::hash(args.take()?);
    trace_block(node, id, args)
}

/// Traces all transactions of a block.
fn trace_block(node: &mut Node, id: BlockId, mut args: Args) -> Reply {
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.end()?;
    let traces = node.chain.trace_block(id, &options)?;
    Ok(traces.into_iter().map(|(hash, trace)| json!({"txHash": hash, "result": trace})).collect())
}
