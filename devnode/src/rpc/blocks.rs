//! Methods about blocks and the transactions in them.

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718},
    primitives::{B256, Bytes, U64},
};
use serde_json::{Value, json};

use super::{Args, Node, Reply, RpcError, shape};
use crate::chain::{Block, Incoming};

/// `eth_blockNumber`
pub(super) fn number(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(serde_json::to_value(U64::from(node.chain.height()))?)
}

/// `eth_getBlockByNumber`
pub(super) fn by_number(node: &mut Node, mut args: Args) -> Reply {
    let (tag, whole) = (args.tag()?, args.take()?);
    args.end()?;
    let Some(block) = node.chain.find(tag.into())? else { return Ok(Value::Null) };
    let mut value = shape::block(block, whole)?;
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
pub(super) fn by_hash(node: &mut Node, mut args: Args) -> Reply {
    let (hash, whole) = (args.take()?, args.take()?);
    args.end()?;
    match node.chain.block_by_hash(hash) {
        Some(block) => shape::block(block, whole),
        None => Ok(Value::Null),
    }
}

/// `eth_getHeaderByNumber`
pub(super) fn header_by_number(node: &mut Node, args: Args) -> Reply {
    at_number(node, args, shape::header)
}

/// `eth_getHeaderByHash`
pub(super) fn header_by_hash(node: &mut Node, args: Args) -> Reply {
    at_hash(node, args, shape::header)
}

/// `eth_getBlockTransactionCountByNumber`
pub(super) fn count_by_number(node: &mut Node, args: Args) -> Reply {
    at_number(node, args, count)
}

/// `eth_getBlockTransactionCountByHash`
pub(super) fn count_by_hash(node: &mut Node, args: Args) -> Reply {
    at_hash(node, args, count)
}

/// `eth_getUncleCountByBlockNumber`
pub(super) fn uncle_count_by_number(node: &mut Node, args: Args) -> Reply {
    at_number(node, args, |_| Ok(json!("0x0")))
}

/// `eth_getUncleCountByBlockHash`
pub(super) fn uncle_count_by_hash(node: &mut Node, args: Args) -> Reply {
    at_hash(node, args, |_| Ok(json!("0x0")))
}

/// `eth_getUncleByBlockNumberAndIndex`: there are none.
pub(super) fn uncle_by_number(node: &mut Node, args: Args) -> Reply {
    in_block_number(node, args, |_, _| Ok(Value::Null))
}

/// `eth_getUncleByBlockHashAndIndex`: there are none.
pub(super) fn uncle_by_hash(node: &mut Node, args: Args) -> Reply {
    in_block_hash(node, args, |_, _| Ok(Value::Null))
}

/// `eth_getBlockReceipts`
pub(super) fn receipts(node: &mut Node, mut args: Args) -> Reply {
    let id = args.block()?;
    args.end()?;
    let Some(block) = node.chain.find(id)? else { return Ok(Value::Null) };
    (0..block.transactions.len()).map(|index| shape::receipt(block, index)).collect()
}

/// `eth_getTransactionByHash`
pub(super) fn transaction(node: &mut Node, args: Args) -> Reply {
    match lookup(node, args)? {
        Found::Included(block, index) => told(&block, index),
        Found::Waiting(incoming) => Ok(serde_json::to_value(shape::waiting(incoming))?),
        Found::Nowhere => Ok(Value::Null),
    }
}

/// `eth_getTransactionReceipt`
pub(super) fn receipt(node: &mut Node, args: Args) -> Reply {
    match lookup(node, args)? {
        Found::Included(block, index) => shape::receipt(&block, index),
        Found::Waiting(_) | Found::Nowhere => Ok(Value::Null),
    }
}

/// `eth_getRawTransactionByHash`
pub(super) fn raw_transaction(node: &mut Node, args: Args) -> Reply {
    match lookup(node, args)? {
        Found::Included(block, index) => raw(&block, index),
        Found::Waiting(incoming) => Ok(json!(Bytes::from(incoming.transaction.encoded_2718()))),
        Found::Nowhere => Ok(json!("0x")),
    }
}

/// `eth_getTransactionByBlockNumberAndIndex`
pub(super) fn transaction_by_block_number(node: &mut Node, args: Args) -> Reply {
    in_block_number(node, args, told)
}

/// `eth_getTransactionByBlockHashAndIndex`
pub(super) fn transaction_by_block_hash(node: &mut Node, args: Args) -> Reply {
    in_block_hash(node, args, told)
}

/// `eth_getRawTransactionByBlockNumberAndIndex`
pub(super) fn raw_transaction_by_block_number(node: &mut Node, args: Args) -> Reply {
    in_block_number(node, args, raw)
}

/// `eth_getRawTransactionByBlockHashAndIndex`
pub(super) fn raw_transaction_by_block_hash(node: &mut Node, args: Args) -> Reply {
    in_block_hash(node, args, raw)
}

/// How many transactions a block has.
#[expect(clippy::unnecessary_wraps, reason = "it is told like everything about a block")]
fn count(block: &Block) -> Reply {
    Ok(json!(format!("{:#x}", block.transactions.len())))
}

/// A transaction of a block; null if it has fewer.
fn told(block: &Block, index: usize) -> Reply {
    Ok(serde_json::to_value(shape::transaction(block, index))?)
}

/// The bytes of a transaction of a block; none if it has fewer.
fn raw(block: &Block, index: usize) -> Reply {
    let included = block.transactions.get(index);
    let bytes = included.map(|included| included.transaction.encoded_2718()).unwrap_or_default();
    Ok(serde_json::to_value(Bytes::from(bytes))?)
}

/// Tells something about the block whose number is the only argument; null if there is none.
fn at_number(node: &Node, mut args: Args, tell: fn(&Block) -> Reply) -> Reply {
    let tag = args.tag()?;
    args.end()?;
    node.chain.find(tag.into())?.map_or(Ok(Value::Null), |block| tell(block))
}

/// Tells something about the block whose hash is the only argument; null if there is none.
fn at_hash(node: &Node, mut args: Args, tell: fn(&Block) -> Reply) -> Reply {
    let hash = args.take()?;
    args.end()?;
    node.chain.block_by_hash(hash).map_or(Ok(Value::Null), |block| tell(block))
}

/// Tells something at an index of the block that a number names; null if there is no block.
fn in_block_number(node: &Node, mut args: Args, tell: fn(&Block, usize) -> Reply) -> Reply {
    let tag = args.tag()?;
    at_index(node, args, tag.into(), tell)
}

/// Tells something at an index of the block that a hash names; null if there is no block.
fn in_block_hash(node: &Node, mut args: Args, tell: fn(&Block, usize) -> Reply) -> Reply {
    let hash: B256 = args.take()?;
    at_index(node, args, BlockId::hash(hash), tell)
}

/// Tells something at an index of a block; null if there is no block.
fn at_index(node: &Node, mut args: Args, id: BlockId, tell: fn(&Block, usize) -> Reply) -> Reply {
    let index = args.number()?;
    args.end()?;
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    node.chain.find(id)?.map_or(Ok(Value::Null), |block| tell(block, index))
}

/// Where a transaction is.
enum Found<'a> {
    /// In a block, at an index.
    Included(Arc<Block>, usize),
    /// Not in a block yet.
    Waiting(&'a Incoming),
    /// Not known.
    Nowhere,
}

/// Looks for the transaction whose hash is the only argument.
fn lookup(node: &Node, mut args: Args) -> Result<Found<'_>, RpcError> {
    let hash = args.take()?;
    args.end()?;
    Ok(match (node.chain.transaction(hash), node.chain.pool().get(hash)) {
        (Some((block, index)), _) => Found::Included(Arc::clone(block), index),
        (None, Some(incoming)) => Found::Waiting(incoming),
        (None, None) => Found::Nowhere,
    })
}
