//! Methods about blocks and the transactions in them.

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718},
    primitives::{B256, Bytes, U64},
};
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext, RpcError, convert};
use crate::chain::{Block, RecoveredTransaction};

/// `eth_blockNumber`
pub(super) fn number(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(serde_json::to_value(U64::from(node.chain.height()))?)
}

/// `eth_getBlockByNumber`
pub(super) fn by_number(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (tag, whole) = (args.tag()?, args.take()?);
    args.finish()?;
    let Some(block) = node.chain.find_block(tag.into())? else { return Ok(Value::Null) };
    let mut value = convert::block(block, whole)?;
    if tag == BlockNumberOrTag::Pending
        && let Value::Object(fields) = &mut value
    {
        for name in ["hash", "nonce", "miner"] {
            fields.insert(name.to_owned(), Value::Null);
        }
    }
    Ok(value)
}

/// `eth_getBlockByHash`
pub(super) fn by_hash(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (hash, whole) = (args.take()?, args.take()?);
    args.finish()?;
    match node.chain.block_by_hash(hash) {
        Some(block) => convert::block(block, whole),
        None => Ok(Value::Null),
    }
}

/// `eth_getHeaderByNumber`
pub(super) fn header_by_number(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_number(node, args, convert::header)
}

/// `eth_getHeaderByHash`
pub(super) fn header_by_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_hash(node, args, convert::header)
}

/// `eth_getBlockTransactionCountByNumber`
pub(super) fn count_by_number(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_number(node, args, count)
}

/// `eth_getBlockTransactionCountByHash`
pub(super) fn count_by_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_hash(node, args, count)
}

/// `eth_getUncleCountByBlockNumber`
pub(super) fn uncle_count_by_number(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_number(node, args, |_| Ok(json!("0x0")))
}

/// `eth_getUncleCountByBlockHash`
pub(super) fn uncle_count_by_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    with_block_by_hash(node, args, |_| Ok(json!("0x0")))
}

/// `eth_getUncleByBlockNumberAndIndex`: there are none.
pub(super) fn uncle_by_number(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_number(node, args, |_, _| Ok(Value::Null))
}

/// `eth_getUncleByBlockHashAndIndex`: there are none.
pub(super) fn uncle_by_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_hash(node, args, |_, _| Ok(Value::Null))
}

/// `eth_getBlockReceipts`
pub(super) fn receipts(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let id = args.block()?;
    args.finish()?;
    let Some(block) = node.chain.find_block(id)? else { return Ok(Value::Null) };
    (0..block.transactions.len()).map(|index| convert::receipt(block, index)).collect()
}

/// `eth_getTransactionByHash`
pub(super) fn transaction(node: &mut NodeContext, args: Args) -> MethodResult {
    match lookup(node, args)? {
        TransactionLookup::Included(block, index) => transaction_at(&block, index),
        TransactionLookup::Pending(incoming) => {
            Ok(serde_json::to_value(convert::pending_transaction(incoming))?)
        }
        TransactionLookup::Unknown => Ok(Value::Null),
    }
}

/// `eth_getTransactionReceipt`
pub(super) fn receipt(node: &mut NodeContext, args: Args) -> MethodResult {
    match lookup(node, args)? {
        TransactionLookup::Included(block, index) => convert::receipt(&block, index),
        TransactionLookup::Pending(_) | TransactionLookup::Unknown => Ok(Value::Null),
    }
}

/// `eth_getRawTransactionByHash`
pub(super) fn raw_transaction(node: &mut NodeContext, args: Args) -> MethodResult {
    match lookup(node, args)? {
        TransactionLookup::Included(block, index) => raw_transaction_at(&block, index),
        TransactionLookup::Pending(incoming) => {
            Ok(json!(Bytes::from(incoming.transaction.encoded_2718())))
        }
        TransactionLookup::Unknown => Ok(json!("0x")),
    }
}

/// `eth_getTransactionByBlockNumberAndIndex`
pub(super) fn transaction_by_block_number(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_number(node, args, transaction_at)
}

/// `eth_getTransactionByBlockHashAndIndex`
pub(super) fn transaction_by_block_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_hash(node, args, transaction_at)
}

/// `eth_getRawTransactionByBlockNumberAndIndex`
pub(super) fn raw_transaction_by_block_number(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_number(node, args, raw_transaction_at)
}

/// `eth_getRawTransactionByBlockHashAndIndex`
pub(super) fn raw_transaction_by_block_hash(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_hash(node, args, raw_transaction_at)
}

/// How many transactions a block has.
#[expect(clippy::unnecessary_wraps, reason = "it is told like everything about a block")]
fn count(block: &Block) -> MethodResult {
    Ok(json!(format!("{:#x}", block.transactions.len())))
}

/// A transaction of a block; null if it has fewer.
fn transaction_at(block: &Block, index: usize) -> MethodResult {
    Ok(serde_json::to_value(convert::transaction(block, index))?)
}

/// The bytes of a transaction of a block; none if it has fewer.
fn raw_transaction_at(block: &Block, index: usize) -> MethodResult {
    let included = block.transactions.get(index);
    let bytes = included.map(|included| included.transaction.encoded_2718()).unwrap_or_default();
    Ok(serde_json::to_value(Bytes::from(bytes))?)
}

/// Tells something about the block whose number is the only argument; null if there is none.
fn with_block_by_number(
    node: &NodeContext,
    mut args: Args,
    tell: fn(&Block) -> MethodResult,
) -> MethodResult {
    let tag = args.tag()?;
    args.finish()?;
    node.chain.find_block(tag.into())?.map_or(Ok(Value::Null), |block| tell(block))
}

/// Tells something about the block whose hash is the only argument; null if there is none.
fn with_block_by_hash(
    node: &NodeContext,
    mut args: Args,
    tell: fn(&Block) -> MethodResult,
) -> MethodResult {
    let hash = args.take()?;
    args.finish()?;
    node.chain.block_by_hash(hash).map_or(Ok(Value::Null), |block| tell(block))
}

/// Tells something at an index of the block that a number names; null if there is no block.
fn at_index_by_number(
    node: &NodeContext,
    mut args: Args,
    tell: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let tag = args.tag()?;
    at_index(node, args, tag.into(), tell)
}

/// Tells something at an index of the block that a hash names; null if there is no block.
fn at_index_by_hash(
    node: &NodeContext,
    mut args: Args,
    tell: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let hash: B256 = args.take()?;
    at_index(node, args, BlockId::hash(hash), tell)
}

/// Tells something at an index of a block; null if there is no block.
fn at_index(
    node: &NodeContext,
    mut args: Args,
    id: BlockId,
    tell: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let index = args.number()?;
    args.finish()?;
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    node.chain.find_block(id)?.map_or(Ok(Value::Null), |block| tell(block, index))
}

/// Where a transaction is.
enum TransactionLookup<'a> {
    /// In a block, at an index.
    Included(Arc<Block>, usize),
    /// Not in a block yet.
    Pending(&'a RecoveredTransaction),
    /// Not known.
    Unknown,
}

/// Looks for the transaction whose hash is the only argument.
fn lookup(node: &NodeContext, mut args: Args) -> Result<TransactionLookup<'_>, RpcError> {
    let hash = args.take()?;
    args.finish()?;
    Ok(match (node.chain.transaction(hash), node.chain.pool().get(hash)) {
        (Some((block, index)), _) => TransactionLookup::Included(Arc::clone(block), index),
        (None, Some(incoming)) => TransactionLookup::Pending(incoming),
        (None, None) => TransactionLookup::Unknown,
    })
}
