//! Cheats for accounts, and impersonation.

use alloy::primitives::{Bytes, U256};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext};

/// `anvil_setBalance`
pub(super) fn set_balance(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, balance): (_, U256) = (args.address()?, args.take()?);
    args.finish()?;
    node.chain.set_balance(account, balance);
    Ok(Value::Null)
}

/// `anvil_addBalance`
pub(super) fn add_balance(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, amount): (_, U256) = (args.address()?, args.take()?);
    args.finish()?;
    let balance = node.chain.latest_state().balance(account).saturating_add(amount);
    node.chain.set_balance(account, balance);
    Ok(Value::Null)
}

/// `anvil_setCode`
pub(super) fn set_code(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, code): (_, Bytes) = (args.address()?, args.take()?);
    args.finish()?;
    node.chain.set_code(account, code);
    Ok(Value::Null)
}

/// `anvil_setNonce`
pub(super) fn set_nonce(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, nonce) = (args.address()?, args.any_number()?);
    args.finish()?;
    node.chain.set_nonce(account, nonce);
    Ok(Value::Null)
}

/// `anvil_setStorageAt`
pub(super) fn set_storage(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, key, value): (_, _, U256) = (args.address()?, args.storage_key()?, args.take()?);
    args.finish()?;
    node.chain.set_storage_at(account, key.slot()?, value);
    Ok(json!(true))
}

/// `anvil_impersonateAccount`: allows an account to send transactions without a signature.
pub(super) fn impersonate(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let account = args.address()?;
    args.finish()?;
    node.wallet.impersonate(account);
    Ok(Value::Null)
}

/// `anvil_stopImpersonatingAccount`
pub(super) fn stop_impersonating(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let account = args.address()?;
    args.finish()?;
    node.wallet.stop_impersonating(account);
    Ok(Value::Null)
}

/// `anvil_autoImpersonateAccount`: allows every account to send without a signature, or stops to.
pub(super) fn impersonate_all(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let all = args.take()?;
    args.finish()?;
    node.wallet.impersonate_all(all);
    Ok(Value::Null)
}
