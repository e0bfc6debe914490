//! What a fork's node answers: requests about blocks before the fork, and about transactions in them.

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, U64},
};
use serde_json::{Value, json};

use super::{Args, NodeContext, RpcError, parse};
use crate::{
    chain::ChainError,
    fork::{Fork, ForkError},
};

/// Methods about a block, with the index of the argument that names it. The fork's last block is the
/// node's too: its transactions are not here.
const BLOCK_METHODS: &[(&str, usize)] = &[
    ("debug_getRawBlock", 0),
    ("debug_getRawHeader", 0),
    ("debug_getRawReceipts", 0),
    ("debug_storageRangeAt", 0),
    ("debug_traceBlockByHash", 0),
    ("debug_traceBlockByNumber", 0),
    ("eth_getBlockByHash", 0),
    ("eth_getBlockByNumber", 0),
    ("eth_getBlockReceipts", 0),
    ("eth_getBlockTransactionCountByHash", 0),
    ("eth_getBlockTransactionCountByNumber", 0),
    ("eth_getHeaderByHash", 0),
    ("eth_getHeaderByNumber", 0),
    ("eth_getRawTransactionByBlockHashAndIndex", 0),
    ("eth_getRawTransactionByBlockNumberAndIndex", 0),
    ("eth_getTransactionByBlockHashAndIndex", 0),
    ("eth_getTransactionByBlockNumberAndIndex", 0),
    ("eth_getUncleByBlockHashAndIndex", 0),
    ("eth_getUncleByBlockNumberAndIndex", 0),
    ("eth_getUncleCountByBlockHash", 0),
    ("eth_getUncleCountByBlockNumber", 0),
    ("trace_block", 0),
    ("trace_replayBlockTransactions", 0),
];

/// Methods about the state after a block, with the index of the argument that names it. The state after
/// the fork's last block is here, as cheats have changed it.
const STATE_METHODS: &[(&str, usize)] = &[
    ("debug_traceCall", 1),
    ("eth_call", 1),
    ("eth_createAccessList", 1),
    ("eth_estimateGas", 1),
    ("eth_getAccount", 1),
    ("eth_getAccountInfo", 1),
    ("eth_getBalance", 1),
    ("eth_getCode", 1),
    ("eth_getProof", 2),
    ("eth_getStorageAt", 2),
    ("eth_getTransactionCount", 1),
    ("eth_simulateV1", 1),
    ("trace_call", 2),
    ("trace_callMany", 1),
];

/// Methods that need the whole state, which only the fork's node has.
const WHOLE_STATE_METHODS: &[&str] = &["eth_getAccount", "eth_getProof"];

/// Methods about the transaction whose hash is the first argument.
const TRANSACTION_METHODS: &[&str] = &[
    "debug_getRawTransaction",
    "debug_traceTransaction",
    "eth_getRawTransactionByHash",
    "eth_getTransactionByHash",
    "eth_getTransactionReceipt",
    "trace_get",
    "trace_replayTransaction",
    "trace_transaction",
];

/// Answers a request if the fork's node must; `None` if the chain itself does.
///
/// # Errors
/// If the node does not answer and the cache has no answer, or with the node's error.
pub(super) fn answer(
    node: &NodeContext,
    method: &'static str,
    args: &Args,
) -> Result<Option<Value>, RpcError> {
    let Some(fork) = node.chain.forked() else { return Ok(None) };
    if method == "eth_getLogs" {
        return logs(node, fork, args);
    }
    let mut params = args.rest().to_vec();
    let is_theirs = if TRANSACTION_METHODS.contains(&method) {
        is_their_transaction(node, fork, args)?
    } else if method == "eth_getTransactionBySenderAndNonce" {
        is_their_nonce(fork, args)
    } else if let Some((index, end)) = block_argument(method, fork.point().height)
        && let Some(id) = params.get_mut(index)
    {
        is_before(node, fork, id, end)?
    } else {
        false
    };
    if is_theirs {
        return ask(fork, method, json!(params)).map(Some);
    }
    if WHOLE_STATE_METHODS.contains(&method) {
        node.chain.require_whole_state(method)?;
    }
    Ok(None)
}

/// The index of a method's argument that names a block, and the height below which the node has what
/// it is about. `height` is that of the fork.
fn block_argument(method: &str, height: u64) -> Option<(usize, u64)> {
    let index = |methods: &[(&str, usize)]| {
        methods.iter().find(|(name, _)| *name == method).map(|&(_, index)| index)
    };
    index(BLOCK_METHODS)
        .map(|index| (index, height.saturating_add(1)))
        .or_else(|| index(STATE_METHODS).map(|index| (index, height)))
}

/// Asks the node. An error of its own is the answer too.
fn ask(fork: &Fork, method: &'static str, params: Value) -> Result<Value, RpcError> {
    fork.ask(method, params).map_err(told)
}

/// The error of a request to the node.
fn told(error: ForkError) -> RpcError {
    match error {
        ForkError::Rejected { error, .. } => RpcError::Forked(error),
        error => ChainError::from(error).into(),
    }
}

/// Whether an argument names a block below `end` of the forked chain; malformed ones do not. The
/// latest block is named by its height then, because the node has later ones.
fn is_before(node: &NodeContext, fork: &Fork, id: &mut Value, end: u64) -> Result<bool, RpcError> {
    Ok(match parse::block(id) {
        Ok(BlockId::Number(BlockNumberOrTag::Number(height))) => height < end,
        Ok(BlockId::Number(BlockNumberOrTag::Earliest)) => end > 0,
        Ok(BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending)) => {
            *id = json!(U64::from(node.chain.height()));
            node.chain.height() < end
        }
        Ok(BlockId::Number(BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized)) | Err(_) => false,
        Ok(BlockId::Hash(hash)) => {
            if let Some(block) = node.chain.block_by_hash(hash.block_hash) {
                block.height() < end
            } else {
                let params = json!([hash.block_hash, false]);
                let block = fork.find("eth_getBlockByHash", params).map_err(told)?;
                fork.contains(&block, "number")
            }
        }
    })
}

/// Whether the first argument is the hash of a transaction of the forked chain.
fn is_their_transaction(node: &NodeContext, fork: &Fork, args: &Args) -> Result<bool, RpcError> {
    let hash = args.rest().first().cloned().map(serde_json::from_value::<B256>);
    let Some(Ok(hash)) = hash else { return Ok(false) };
    let is_pooled = node.chain.pool().iter().any(|pooled| pooled.hash() == hash);
    if is_pooled || node.chain.transaction(hash).is_some() {
        return Ok(false);
    }
    let transaction = fork.find("eth_getTransactionByHash", json!([hash])).map_err(told)?;
    Ok(fork.contains(&transaction, "blockNumber"))
}

/// Whether the first two arguments are a sender and a nonce that it had used before the fork.
fn is_their_nonce(fork: &Fork, args: &Args) -> bool {
    let [sender, nonce] = args.rest() else { return false };
    let sender = serde_json::from_value(sender.clone()).ok().and_then(|it| fork.account(it));
    let nonce = parse::any_number(nonce).ok();
    sender.zip(nonce).is_some_and(|(sender, nonce)| nonce < sender.nonce)
}

/// The logs of a filter that begins with blocks of the forked chain: theirs, then those from here.
fn logs(node: &NodeContext, fork: &Fork, args: &Args) -> Result<Option<Value>, RpcError> {
    let Some(filter) = args.rest().first().and_then(Value::as_object) else { return Ok(None) };
    let last = fork.point().height;
    let with = |from: u64, to: u64| {
        let mut part = filter.clone();
        part.insert("fromBlock".to_owned(), json!(U64::from(from)));
        part.insert("toBlock".to_owned(), json!(U64::from(to)));
        Value::Object(part)
    };
    if let Some(hash) = filter.get("blockHash") {
        let theirs = is_before(node, fork, &mut hash.clone(), last.saturating_add(1))?;
        return if theirs {
            ask(fork, "eth_getLogs", json!(args.rest())).map(Some)
        } else {
            Ok(None)
        };
    }
    let bound = |name: &str| match filter.get(name).map(parse::tag) {
        None | Some(Ok(BlockNumberOrTag::Latest)) => Some(node.chain.height()),
        Some(Ok(BlockNumberOrTag::Earliest)) => Some(0),
        Some(Ok(BlockNumberOrTag::Number(height))) => Some(height),
        Some(_) => None,
    };
    let (Some(from), Some(to)) = (bound("fromBlock"), bound("toBlock")) else { return Ok(None) };
    if from > last || from > to || to > node.chain.height() {
        return Ok(None);
    }
    let mut found = ask(fork, "eth_getLogs", json!([with(from, to.min(last))]))?;
    if to > last
        && let Some(found) = found.as_array_mut()
    {
        let rest = Args::new(vec![with(last.saturating_add(1), to)]);
        for log in super::logs::find(node, rest)? {
            found.push(serde_json::to_value(log)?);
        }
    }
    Ok(Some(found))
}
