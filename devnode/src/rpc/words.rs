//! Methods that say what the node is.

use alloy::primitives::keccak256;
use serde_json::{Value, json};

use super::{Args, Node, Reply};
use crate::CHAIN_ID;

/// What the node calls itself.
pub(super) const CLIENT: &str = concat!("muster-devnode/v", env!("CARGO_PKG_VERSION"));

/// `eth_chainId`
pub(super) fn chain_id(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(format!("{CHAIN_ID:#x}")))
}

/// `net_version`
pub(super) fn net_version(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(CHAIN_ID.to_string()))
}

/// `web3_clientVersion`
pub(super) fn client_version(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(CLIENT))
}

/// `web3_sha3`: the keccak hash of the argument.
pub(super) fn sha3(_: &mut Node, mut args: Args) -> Reply {
    let data = args.bytes()?;
    args.end()?;
    Ok(serde_json::to_value(keccak256(data))?)
}

/// `rpc_modules`
pub(super) fn modules(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(
        json!({"anvil": "1.0", "debug": "1.0", "eth": "1.0", "evm": "1.0", "net": "1.0", "rpc": "1.0", "web3": "1.0"}),
    )
}

/// `eth_syncing`: never.
pub(super) fn not_syncing(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(json!(false))
}

/// Methods about what the chain does not have.
pub(super) fn nothing(_: &mut Node, args: Args) -> Reply {
    args.end()?;
    Ok(Value::Null)
}
