//! Methods about blocks and their transactions.

use std::sync::Arc;

use alloy::{
    consensus::Transaction,
    eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718},
    primitives::{Address, B256, Bytes, U64},
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
    let (tag, full) = (args.tag()?, args.take()?);
    args.finish()?;
    let Some(block) = node.chain.find_block(tag.into())? else { return Ok(Value::Null) };
    let mut value = convert::block(block, full)?;
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
    let (hash, full) = (args.take()?, args.take()?);
    args.finish()?;
    match node.chain.block_by_hash(hash) {
        Some(block) => convert::block(block, full),
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

/// `eth_getUncleByBlockNumberAndIndex`: there are no uncles.
pub(super) fn uncle_by_number(node: &mut NodeContext, args: Args) -> MethodResult {
    at_index_by_number(node, args, |_, _| Ok(Value::Null))
}

/// `eth_getUncleByBlockHashAndIndex`: there are no uncles.
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

/// `eth_getTransactionBySenderAndNonce`: null if the nonce is not used yet.
pub(super) fn by_sender_and_nonce(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (sender, nonce): (Address, u64) = (args.address()?, args.any_number()?);
    args.finish()?;
    if let Some(pooled) =
        node.chain.pool().iter().find(|it| (it.sender(), it.nonce()) == (sender, nonce))
    {
        return Ok(serde_json::to_value(convert::pending_transaction(pooled))?);
    }
    let found = node.chain.block_range(0, node.chain.height()).iter().rev().find_map(|block| {
        let index = block.transactions.iter().position(|included| {
            let transaction = &included.transaction;
            (transaction.signer(), transaction.nonce()) == (sender, nonce)
        })?;
        Some((block, index))
    });
    found.map_or(Ok(Value::Null), |(block, index)| transaction_at(block, index))
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

/// Number of transactions in a block.
#[expect(clippy::unnecessary_wraps, reason = "has the signature of `with_block_by_number`")]
fn count(block: &Block) -> MethodResult {
    Ok(json!(format!("{:#x}", block.transactions.len())))
}

/// A transaction of a block; null if the index is too high.
fn transaction_at(block: &Block, index: usize) -> MethodResult {
    Ok(serde_json::to_value(convert::transaction(block, index))?)
}

/// The encoding of a transaction of a block; empty if the index is too high.
fn raw_transaction_at(block: &Block, index: usize) -> MethodResult {
    let included = block.transactions.get(index);
    let bytes = included.map(|included| included.transaction.encoded_2718()).unwrap_or_default();
    Ok(serde_json::to_value(Bytes::from(bytes))?)
}

/// Converts the block with the given number; null if it does not exist.
fn with_block_by_number(
    node: &NodeContext,
    mut args: Args,
    convert: fn(&Block) -> MethodResult,
) -> MethodResult {
    let tag = args.tag()?;
    args.finish()?;
    node.chain.find_block(tag.into())?.map_or(Ok(Value::Null), |block| convert(block))
}

/// Converts the block with the given hash; null if it does not exist.
fn with_block_by_hash(
    node: &NodeContext,
    mut args: Args,
    convert: fn(&Block) -> MethodResult,
) -> MethodResult {
    let hash = args.take()?;
    args.finish()?;
    node.chain.block_by_hash(hash).map_or(Ok(Value::Null), |block| convert(block))
}

/// Converts an item of the block with the given number; null if the block does not exist.
fn at_index_by_number(
    node: &NodeContext,
    mut args: Args,
    convert: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let tag = args.tag()?;
    at_index(node, args, tag.into(), convert)
}

/// Converts an item of the block with the given hash; null if the block does not exist.
fn at_index_by_hash(
    node: &NodeContext,
    mut args: Args,
    convert: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let hash: B256 = args.take()?;
    at_index(node, args, BlockId::hash(hash), convert)
}

/// Converts an item of a block; null if the block does not exist.
fn at_index(
    node: &NodeContext,
    mut args: Args,
    id: BlockId,
    convert: fn(&Block, usize) -> MethodResult,
) -> MethodResult {
    let index = args.number()?;
    args.finish()?;
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    node.chain.find_block(id)?.map_or(Ok(Value::Null), |block| convert(block, index))
}

/// Where a transaction was found.
enum TransactionLookup<'a> {
    /// In a block, at an index.
    Included(Arc<Block>, usize),
    /// In the pool.
    Pending(&'a RecoveredTransaction),
    /// Nowhere.
    Unknown,
}

/// Looks up the transaction with the given hash.
fn lookup(node: &NodeContext, mut args: Args) -> Result<TransactionLookup<'_>, RpcError> {
    let hash = args.take()?;
    args.finish()?;
    Ok(match (node.chain.transaction(hash), node.chain.pool().get(hash)) {
        (Some((block, index)), _) => TransactionLookup::Included(Arc::clone(block), index),
        (None, Some(incoming)) => TransactionLookup::Pending(incoming),
        (None, None) => TransactionLookup::Unknown,
    })
}
