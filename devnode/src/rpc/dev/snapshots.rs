//! Going back, and taking the whole state along.

use alloy::primitives::{Bytes, U64};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext};
use crate::chain::{Chain, ChainError};

/// `evm_snapshot`: the number of a new snapshot.
pub(super) fn take(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(U64::from(node.chain.snapshot()?)))
}

/// `evm_revert`: returns to a snapshot, which is used up by that; false if there is none.
pub(super) fn revert(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let number = args.any_number()?;
    args.finish()?;
    let reverted = node.chain.revert(number);
    node.filters.rewind(node.chain.height());
    Ok(json!(reverted))
}

/// `anvil_reset`: a new chain in the place of this one.
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

/// `anvil_dumpState`: the whole chain, in the form of its own that `--state` keeps in a file.
pub(super) fn dump(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(Bytes::from(node.chain.dump())))
}

/// `anvil_loadState`: the chain that was dumped takes the place of this one.
pub(super) fn load(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let dump: Bytes = args.take()?;
    args.finish()?;
    let chain = Chain::from_dump(&dump).map_err(ChainError::from)?;
    replace(node, chain);
    Ok(json!(true))
}

/// Puts another chain in the place of this one.
fn replace(node: &mut NodeContext, chain: Chain) {
    node.chain.replace_with(chain);
    node.filters.rewind(node.chain.height());
}
