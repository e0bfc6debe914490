//! Signatures of accounts whose keys are here, under anything but transactions.

use alloy::primitives::{Address, B256, Bytes, eip191_hash_message};
use alloy_dyn_abi::TypedData;
use serde_json::json;

use super::{Args, Node, Reply, RpcError};

/// `eth_sign`: the signature of an account under a message (EIP-191).
pub(super) fn sign(node: &mut Node, mut args: Args) -> Reply {
    let (account, message) = (args.address()?, args.bytes()?);
    args.end()?;
    sign_message(node, account, &message)
}

/// `personal_sign`: the same, with the message first.
pub(super) fn personal_sign(node: &mut Node, mut args: Args) -> Reply {
    let (message, account) = (args.bytes()?, args.address()?);
    args.end()?;
    sign_message(node, account, &message)
}

/// `eth_signTypedData_v4`: the signature of an account under a structure (EIP-712), which may also be
/// given as text.
pub(super) fn sign_typed_data(node: &mut Node, mut args: Args) -> Reply {
    let (account, data) = (args.address()?, args.take::<TypedData>()?);
    args.end()?;
    let hash = data.eip712_signing_hash().map_err(|_| RpcError::TypedData)?;
    sign_hash(node, account, hash)
}

/// The signature of an account under a message.
fn sign_message(node: &Node, account: Address, message: &[u8]) -> Reply {
    sign_hash(node, account, eip191_hash_message(message))
}

/// The signature of an account under a hash.
fn sign_hash(node: &Node, account: Address, hash: B256) -> Reply {
    let signature = node.wallet.sign(account, hash)?;
    Ok(json!(Bytes::from(signature.as_bytes())))
}
