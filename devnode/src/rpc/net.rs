//! Methods about the node and the network.

use alloy::primitives::keccak256;
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext};
use crate::CHAIN_ID;

/// Client version.
pub(super) const CLIENT_VERSION: &str = concat!("muster-devnode/v", env!("CARGO_PKG_VERSION"));

/// `eth_chainId`
pub(super) fn chain_id(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(format!("{CHAIN_ID:#x}")))
}

/// `net_version`
pub(super) fn net_version(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(CHAIN_ID.to_string()))
}

/// `web3_clientVersion`
pub(super) fn client_version(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(CLIENT_VERSION))
}

/// `web3_sha3`: Keccak-256 of the argument.
pub(super) fn sha3(_: &mut NodeContext, mut args: Args) -> MethodResult {
    let data = args.bytes()?;
    args.finish()?;
    Ok(serde_json::to_value(keccak256(data))?)
}

/// `rpc_modules`
pub(super) fn modules(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(
        json!({"anvil": "1.0", "debug": "1.0", "eth": "1.0", "evm": "1.0", "net": "1.0", "rpc": "1.0", "web3": "1.0"}),
    )
}

/// `eth_syncing`: always false.
pub(super) fn not_syncing(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(false))
}

/// Methods about features that the chain lacks.
pub(super) fn null(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(Value::Null)
}
