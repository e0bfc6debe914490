//! Methods that trace transactions and calls.

use alloy::{
    eips::BlockId,
    primitives::B256,
    rpc::types::trace::geth::{GethDebugTracingCallOptions, GethDebugTracingOptions},
};
use serde_json::json;

use super::{Args, MethodResult, NodeContext};
use crate::chain::CallRequest;

/// `debug_traceTransaction`
pub(super) fn trace_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (hash, options): (B256, _) = (args.take()?, args.optional()?.unwrap_or_default());
    args.finish()?;
    Ok(serde_json::to_value(node.chain.trace_transaction(hash, options)?)?)
}

/// `debug_traceCall`
pub(super) fn trace_call(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (request, block) = (args.call()?, args.block()?);
    let options: GethDebugTracingCallOptions = args.trace_call_options()?;
    args.finish()?;
    let state = options.state_overrides.unwrap_or_default();
    let call = CallRequest::new(request, block, state, options.block_overrides.unwrap_or_default());
    Ok(serde_json::to_value(node.chain.trace_call(&call, options.tracing_options)?)?)
}

/// `debug_traceBlockByNumber`
pub(super) fn trace_block_by_number(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let id = BlockId::Number(args.tag()?);
    trace_block(node, id, args)
}

/// `debug_traceBlockByHash`
pub(super) fn trace_block_by_hash(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let id = BlockId::hash(args.take()?);
    trace_block(node, id, args)
}

/// Traces all transactions of a block.
fn trace_block(node: &mut NodeContext, id: BlockId, mut args: Args) -> MethodResult {
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.finish()?;
    trace_found_block(node, id, &options)
}

/// Traces all transactions of the block with this id.
pub(super) fn trace_found_block(
    node: &mut NodeContext,
    id: BlockId,
    options: &GethDebugTracingOptions,
) -> MethodResult {
    let traces = node.chain.trace_block(id, options)?;
    Ok(traces.into_iter().map(|(hash, trace)| json!({"txHash": hash, "result": trace})).collect())
}
