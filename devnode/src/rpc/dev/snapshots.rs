//! Snapshots, dumps and resets.

use alloy::primitives::{Bytes, U64};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext};
use crate::chain::{Chain, ChainError};

/// `evm_snapshot`: takes a snapshot and returns its number.
pub(super) fn take(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(U64::from(node.chain.snapshot()?)))
}

/// `evm_revert`: reverts to a snapshot and discards it; false if it does not exist.
pub(super) fn revert(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let number = args.any_number()?;
    args.finish()?;
    let reverted = node.chain.revert(number);
    node.filters.rewind(node.chain.height());
    Ok(json!(reverted))
}

/// `anvil_reset`: replaces the chain with a new one.
pub(super) fn reset(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let options: Option<Value> = args.optional()?;
    args.finish()?;
    if options.is_some_and(|options| options.get("forking").is_some()) {
        return Err(ChainError::ForkingUnsupported.into());
    }
    let funded = node.wallet.accounts().skip(1).collect::<Vec<_>>();
    replace(node, Chain::new(&funded, node.genesis)?);
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
    let chain = Chain::from_dump(&dump).map_err(ChainError::from)?;
    replace(node, chain);
    Ok(json!(true))
}

/// Replaces the chain.
fn replace(node: &mut NodeContext, chain: Chain) {
    node.chain.replace_with(chain);
    node.filters.rewind(node.chain.height());
}
