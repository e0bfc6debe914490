//! Methods that return encodings, and the storage of an account.

use std::sync::Arc;

use alloy::{
    consensus::{Block as ConsensusBlock, BlockBody, TxEnvelope},
    eips::{BlockId, eip2718::Encodable2718},
    primitives::{B256, Bytes},
    rlp::{Decodable, Encodable},
    rpc::types::trace::geth::GethDebugTracingOptions,
};
use serde_json::{Map, Value, json};

use super::{Args, MethodResult, NodeContext, RpcError, debug};
use crate::chain::{Block, ChainError, StorageRange};

/// `debug_getRawHeader`
pub(super) fn header(node: &mut NodeContext, args: Args) -> MethodResult {
    let block = find_block(node, args)?;
    Ok(json!(encoded(block.header.inner())))
}

/// `debug_getRawBlock`
pub(super) fn block(node: &mut NodeContext, args: Args) -> MethodResult {
    let block = find_block(node, args)?;
    let transactions =
        block.transactions.iter().map(|included| included.transaction.inner().clone()).collect();
    let body = BlockBody { transactions, ommers: Vec::new(), withdrawals: None };
    Ok(json!(encoded(&ConsensusBlock::<TxEnvelope>::new(block.header.inner().clone(), body))))
}

/// `debug_getRawReceipts`
pub(super) fn receipts(node: &mut NodeContext, args: Args) -> MethodResult {
    let block = find_block(node, args)?;
    let receipts = block.receipts().map(|receipt| Bytes::from(receipt.encoded_2718()));
    Ok(json!(receipts.collect::<Vec<_>>()))
}

/// `debug_traceBlock`: traces all transactions of an encoded block, which must be on the chain.
pub(super) fn trace_block(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let raw = args.bytes()?;
    let options: GethDebugTracingOptions = args.optional()?.unwrap_or_default();
    args.finish()?;
    let block = ConsensusBlock::<TxEnvelope>::decode(&mut raw.as_ref())
        .map_err(RpcError::UndecodableBlock)?;
    debug::trace_found_block(node, BlockId::hash(block.header.hash_slow()), &options)
}

/// `debug_storageRangeAt`: storage of an account before a transaction of a block.
pub(super) fn storage_range(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (id, index) = (args.block()?, args.any_number()?);
    let (account, start): (_, Bytes) = (args.address()?, args.bytes()?);
    let limit = args.any_number()?;
    args.finish()?;
    let block = Arc::clone(node.chain.find_block(id)?.ok_or(ChainError::BlockNotFound(id))?);
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let start = B256::left_padding_from(start.get(..32).unwrap_or(&start));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let range = node.chain.storage_range(&block, index, account, start, limit)?;
    let StorageRange { words, next } = range;
    let storage: Map<String, Value> = words
        .into_iter()
        .map(|(hash, key, value)| {
            let word = json!({"key": B256::from(key), "value": B256::from(value)});
            (hash.to_string(), word)
        })
        .collect();
    Ok(json!({"storage": storage, "nextKey": next}))
}

/// The RLP of a value.
fn encoded(value: &impl Encodable) -> Bytes {
    alloy::rlp::encode(value).into()
}

/// The block that the only argument names.
fn find_block(node: &NodeContext, mut args: Args) -> Result<Arc<Block>, RpcError> {
    let id = args.block()?;
    args.finish()?;
    Ok(Arc::clone(node.chain.find_block(id)?.ok_or(ChainError::BlockNotFound(id))?))
}
