//! Methods that look at accounts.

use alloy::primitives::{Address, B256, U64};
use serde::Serialize;

use super::{Args, Node, Reply};
use crate::state::View;

/// `eth_getBalance`
pub(super) fn balance(node: &mut Node, args: Args) -> Reply {
    look(node, args, |view, address| view.balance(address))
}

/// `eth_getTransactionCount`: those that wait count in the pending block.
pub(super) fn nonce(node: &mut Node, mut args: Args) -> Reply {
    let (address, block) = (args.address()?, args.block()?);
    args.end()?;
    let nonce = if block.is_pending() {
        node.chain.next_nonce(address)
    } else {
        node.chain.view(block)?.nonce(address)
    };
    Ok(serde_json::to_value(U64::from(nonce))?)
}

/// `eth_getCode`
pub(super) fn code(node: &mut Node, args: Args) -> Reply {
    look(node, args, |view, address| view.code(address))
}

/// `eth_getStorageAt`
pub(super) fn storage(node: &mut Node, mut args: Args) -> Reply {
    let (address, key, block) = (args.address()?, args.storage_key()?, args.block()?);
    args.end()?;
    let word = node.chain.view(block)?.slot(address, key);
    Ok(serde_json::to_value(B256::from(word))?)
}

/// Looks at one account in one block.
fn look<T: Serialize>(
    node: &Node,
    mut args: Args,
    look: impl FnOnce(View<'_>, Address) -> T,
) -> Reply {
    let (address, block) = (args.address()?, args.block()?);
    args.end()?;
    Ok(serde_json::to_value(look(node.chain.view(block)?, address))?)
}
