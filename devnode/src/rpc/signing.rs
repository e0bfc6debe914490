//! Methods that sign messages and typed data with keys of the node.

use alloy::primitives::{Address, B256, Bytes, eip191_hash_message};
use alloy_dyn_abi::TypedData;
use serde_json::json;

use super::{Args, MethodResult, NodeContext, RpcError};

/// `eth_sign`: signs a message (EIP-191).
pub(super) fn sign(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, message) = (args.address()?, args.bytes()?);
    args.finish()?;
    sign_message(node, account, &message)
}

/// `personal_sign`: `eth_sign` with the message first.
pub(super) fn personal_sign(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (message, account) = (args.bytes()?, args.address()?);
    args.finish()?;
    sign_message(node, account, &message)
}

/// `eth_signTypedData_v4`: signs typed data (EIP-712), given as an object or as JSON text.
pub(super) fn sign_typed_data(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (account, data) = (args.address()?, args.take::<TypedData>()?);
    args.finish()?;
    let hash = data.eip712_signing_hash().map_err(|_| RpcError::InvalidTypedData)?;
    sign_hash(node, account, hash)
}

/// Signs a message.
fn sign_message(node: &NodeContext, account: Address, message: &[u8]) -> MethodResult {
    sign_hash(node, account, eip191_hash_message(message))
}

/// Signs a hash.
fn sign_hash(node: &NodeContext, account: Address, hash: B256) -> MethodResult {
    let signature = node.wallet.sign(account, hash)?;
    Ok(json!(Bytes::from(signature.as_bytes())))
}
