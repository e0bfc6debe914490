//! Snapshots, dumps and resets.

use alloy::primitives::{Bytes, U64};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext, RpcError};
use crate::{
    chain::{Chain, ChainError, RecoveredTransaction},
    fork::ForkOptions,
};

/// `evm_snapshot`: takes a snapshot and returns its number.
pub(super) fn take(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(U64::from(node.chain.snapshot()?)))
}

/// `evm_revert`: reverts to a snapshot and discards it; false if it does not exist.
pub(super) fn revert(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let number = args.any_number()?;
    args.finish()?;
    Ok(json!(node.revert(number)))
}

/// `anvil_rollback`: removes this many of the latest blocks, by default one.
pub(super) fn rollback(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let depth = args.optional_any_number()?.unwrap_or(1);
    args.finish()?;
    node.chain.rollback(depth)?;
    node.filters.rewind(node.chain.height());
    Ok(Value::Null)
}

/// `anvil_reorg`: replaces this many of the latest blocks by others, which are empty apart from the transactions that are given
/// with the index of their block.
pub(super) fn reorg(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let depth = args.any_number()?;
    let pairs: Vec<(Bytes, u64)> = args.optional()?.unwrap_or_default();
    args.finish()?;
    let height = node.chain.height();
    if depth > height.saturating_sub(node.chain.first_height()) {
        return Err(ChainError::RollbackTooDeep { depth, height }.into());
    }
    let mut blocks: Vec<Vec<_>> = (0..depth).map(|_| Vec::new()).collect();
    for (raw, index) in pairs {
        let block = usize::try_from(index).ok().and_then(|index| blocks.get_mut(index));
        let block = block.ok_or(RpcError::BlockOutsideReorg { index, depth })?;
        block.push(RecoveredTransaction::decode(&raw).map_err(ChainError::from)?);
    }
    node.chain.reorg(blocks)?;
    node.filters.rewind(height.saturating_sub(depth));
    Ok(Value::Null)
}

/// The argument of `anvil_reset`.
#[derive(Deserialize)]
struct ResetOptions {
    /// What to fork.
    forking: Option<Forking>,
}

/// A fork.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Forking {
    /// URL of a node; the current one if it is absent.
    json_rpc_url: Option<String>,
    /// Height of the last block; the latest if it is absent.
    block_number: Option<u64>,
}

/// `anvil_reset`: replaces the chain with a new one, or with a fork.
pub(super) fn reset(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let options: Option<ResetOptions> = args.optional()?;
    args.finish()?;
    let Some(forking) = options.and_then(|options| options.forking) else {
        let chain = Chain::new(&node.genesis)?;
        replace(node, chain);
        return Ok(Value::Null);
    };
    let options = ForkOptions {
        url: forking.json_rpc_url.or_else(|| node.fork.url.clone()),
        block: forking.block_number,
        cache: node.fork.cache.clone(),
    };
    if !options.is_fork() {
        return Err(ChainError::NotAFork.into());
    }
    let chain = Chain::fork(&options, &node.genesis).map_err(ChainError::from)?;
    node.fork = options;
    replace(node, chain);
    Ok(Value::Null)
}

/// `anvil_dumpState`: dumps the chain in the format of the state file, not in Anvil's.
pub(super) fn dump(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(Bytes::from(node.chain.dump())))
}

/// `anvil_loadState`: replaces the chain with a dumped one.
pub(super) fn load(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let dump: Bytes = args.take()?;
    args.finish()?;
    let mut chain = Chain::from_dump(&dump, &node.fork).map_err(ChainError::from)?;
    if chain.forked().is_none() {
        chain.set_chain_id(node.chain.chain_id());
    }
    replace(node, chain);
    Ok(json!(true))
}

/// Replaces the chain.
fn replace(node: &mut NodeContext, chain: Chain) {
    node.chain.replace_with(chain);
    node.filters.rewind(node.chain.height());
}
