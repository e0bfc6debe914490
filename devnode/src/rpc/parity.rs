//! Parity's `trace_…` methods.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::B256,
    rpc::types::{
        TransactionRequest,
        trace::{filter::TraceFilter, parity::LocalizedTransactionTrace},
    },
};
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext, RpcError, convert, parse};
use crate::chain::{Block, ChainError, IncludedTransaction, RecoveredTransaction, TraceTypes};

/// Maximum blocks of one `trace_filter`.
const MAX_BLOCKS: u64 = 1000;

/// `trace_transaction`: the frames of a transaction; null if it does not exist.
pub(super) fn transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let hash = args.take()?;
    args.finish()?;
    Ok(json!(located(node, hash)?))
}

/// `trace_get`: the frame of a transaction at a position in its tree; null if it does not exist.
pub(super) fn frame(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (hash, path): (B256, Vec<Value>) = (args.take()?, args.take()?);
    args.finish()?;
    let position = |index: &Value| parse::any_number(index);
    let path = path.iter().map(position).collect::<Result<Vec<_>, _>>();
    let path = path.map_err(|why| RpcError::InvalidArgument { index: 1, why })?;
    let is_there = |address: &[usize]| {
        address.len() == path.len()
            && address.iter().zip(&path).all(|(&own, &wanted)| u64::try_from(own) == Ok(wanted))
    };
    let frames = located(node, hash)?.unwrap_or_default();
    Ok(json!(frames.into_iter().find(|frame| is_there(&frame.trace.trace_address))))
}

/// `trace_block`: the frames of all transactions of a block; null if it does not exist.
pub(super) fn block(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let id = args.block()?;
    args.finish()?;
    let Some(block) = find_block(node, id)? else { return Ok(Value::Null) };
    Ok(json!(node.chain.located_block_traces(&block)?))
}

/// `trace_filter`: frames by block, sender and recipient.
pub(super) fn filter(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let filter: TraceFilter = args.take()?;
    args.finish()?;
    let last = filter.to_block.unwrap_or_else(|| node.chain.height()).min(node.chain.height());
    let first = filter.from_block.unwrap_or_default();
    if last.saturating_sub(first) >= MAX_BLOCKS {
        return Err(RpcError::TooManyTracedBlocks(MAX_BLOCKS));
    }
    let after = usize::try_from(filter.after.unwrap_or_default()).unwrap_or(usize::MAX);
    let count =
        filter.count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX));
    let blocks = node.chain.block_range(first, last).to_vec();
    let matcher = filter.matcher();
    let mut frames = Vec::new();
    for block in blocks {
        let traced = node.chain.located_block_traces(&block)?;
        frames.extend(traced.into_iter().filter(|frame| matcher.matches(&frame.trace)));
    }
    Ok(frames.into_iter().skip(after).take(count).map(|frame| json!(frame)).collect())
}

/// `trace_replayTransaction`: traces of a transaction.
pub(super) fn replay_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (hash, types): (B256, TraceTypes) = (args.take()?, args.take()?);
    args.finish()?;
    let (block, index) = node.chain.transaction(hash).ok_or(ChainError::TransactionNotFound)?;
    let block = Arc::clone(block);
    Ok(json!(node.chain.replay_transaction(&block, index, &types)?))
}

/// `trace_replayBlockTransactions`: traces of all transactions of a block; null if it does not exist.
pub(super) fn replay_block(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (id, types): (BlockId, TraceTypes) = (args.block()?, args.take()?);
    args.finish()?;
    let Some(block) = find_block(node, id)? else { return Ok(Value::Null) };
    let hashes = block.transactions.iter().map(IncludedTransaction::hash);
    let replay = |(index, hash): (usize, B256)| {
        let traced = json!(node.chain.replay_transaction(&block, index, &types)?);
        Ok(convert::with_field(traced, "transactionHash", json!(hash)))
    };
    hashes.enumerate().map(replay).collect()
}

/// `trace_call`: traces of a call.
pub(super) fn call(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (request, types): (TransactionRequest, TraceTypes) = (args.call()?, args.take()?);
    let block = args.optional_block()?;
    args.finish()?;
    Ok(json!(node.chain.trace_calls(vec![(request, types)], block)?.first()))
}

/// `trace_callMany`: traces of calls, each on the state that the one before left.
pub(super) fn calls(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let calls: Vec<(TransactionRequest, TraceTypes)> = args.take()?;
    let block = args.optional_block()?;
    args.finish()?;
    Ok(json!(node.chain.trace_calls(calls, block)?))
}

/// `trace_rawTransaction`: traces of a signed transaction, without sending it.
pub(super) fn raw_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (raw, types): (_, TraceTypes) = (args.bytes()?, args.take()?);
    args.finish()?;
    let incoming = RecoveredTransaction::decode(&raw).map_err(ChainError::from)?;
    let request = convert::pending_transaction(&incoming).inner;
    let mut request = TransactionRequest::from_recovered_transaction(request);
    request.nonce = None;
    Ok(json!(node.chain.trace_calls(vec![(request, types)], BlockId::latest())?.first()))
}

/// The block with this id.
fn find_block(node: &NodeContext, id: BlockId) -> Result<Option<Arc<Block>>, RpcError> {
    Ok(node.chain.find_block(id)?.map(Arc::clone))
}

/// The frames of a transaction; `None` if it does not exist.
fn located(
    node: &mut NodeContext,
    hash: B256,
) -> Result<Option<Vec<LocalizedTransactionTrace>>, RpcError> {
    let Some((block, index)) = node.chain.transaction(hash) else { return Ok(None) };
    let block = Arc::clone(block);
    Ok(Some(node.chain.located_traces(&block, index)?))
}
