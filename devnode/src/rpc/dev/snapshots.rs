//! Going back, and taking the whole state along.

use alloy::primitives::{Bytes, U64};
use serde_json::{Value, json};

use super::super::{Args, Node, Reply};
use crate::chain::{Chain, Refusal};

/// `evm_snapshot`: the number of a new snapshot.
pub(super) fn take(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(U64::from(node.chain.snapshot()?)))
}

/// `evm_revert`: returns to a snapshot, which is used up by that; false if there is none.
pub(super) fn revert(node: &mut Node, mut args: Args) -> Reply {
    let number = args.any_number()?;
    args.end()?;
    let reverted = node.chain.revert(number);
    node.filters.rewind(node.chain.height());
    Ok(json!(reverted))
}

/// `anvil_reset`: a new chain in the place of this one.
pub(super) fn reset(node: &mut Node, mut args: Args) -> Reply {
    let options: Option<Value> = args.optional()?;
    args.end()?;
    if options.is_some_and(|options| options.get("forking").is_some()) {
        return Err(Refusal::Fork.into());
    }
    let funded = node.wallet.accounts().skip(1).collect::<Vec<_>>();
    replace(node, Chain::new(&funded, node.genesis)?);
    Ok(Value::Null)
}

/// `anvil_dumpState`: the whole chain, in the form of its own that `--state` keeps in a file.
pub(super) fn dump(node: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(Bytes::from(node.chain.image())))
}

/// `anvil_loadState`: the chain that was dumped takes the place of this one.
pub(super) fn load(node: &mut Node, mut args: Args) -> Reply {
    let image: Bytes = args.take()?;
    args.end()?;
    let chain = Chain::from_image(&image).map_err(Refusal::from)?;
    replace(node, chain);
    Ok(json!(true))
}

/// Puts another chain in the place of this one.
fn replace(node: &mut Node, chain: Chain) {
    node.chain.become_other(chain);
    node.filters.rewind(node.chain.height());
}
