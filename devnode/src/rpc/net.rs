//! Methods about the node and the network.

use std::collections::BTreeMap;

use alloy::{
    eips::eip2124::ForkHash,
    primitives::{Address, Bytes, U64, U256, keccak256},
};
use serde_json::{Value, json};

use super::{Args, MethodResult, NodeContext};
use crate::chain::HASH_HISTORY;

/// Ethereum's precompiles, with the names of EIP-7910.
const PRECOMPILES: [(&str, u16); 18] = [
    ("ECREC", 0x01),
    ("SHA256", 0x02),
    ("RIPEMD160", 0x03),
    ("ID", 0x04),
    ("MODEXP", 0x05),
    ("BN254_ADD", 0x06),
    ("BN254_MUL", 0x07),
    ("BN254_PAIRING", 0x08),
    ("BLAKE2F", 0x09),
    ("KZG_POINT_EVALUATION", 0x0a),
    ("BLS12_G1ADD", 0x0b),
    ("BLS12_G1MSM", 0x0c),
    ("BLS12_G2ADD", 0x0d),
    ("BLS12_G2MSM", 0x0e),
    ("BLS12_PAIRING_CHECK", 0x0f),
    ("BLS12_MAP_FP_TO_G1", 0x10),
    ("BLS12_MAP_FP2_TO_G2", 0x11),
    ("P256VERIFY", 0x100),
];

/// Client version. Hardhat's helpers work only with nodes whose version starts with their own name or
/// with `anvil`.
pub(super) const CLIENT_VERSION: &str =
    concat!("anvil/muster-devnode/v", env!("CARGO_PKG_VERSION"));

/// `eth_chainId`
pub(super) fn chain_id(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(U64::from(node.chain.chain_id())))
}

/// `net_version`
pub(super) fn net_version(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.chain.chain_id().to_string()))
}

/// `net_listening`: always true.
pub(super) fn listening(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(true))
}

/// `net_peerCount`: always zero.
pub(super) fn peer_count(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!("0x0"))
}

/// `arb_checkPublisherHealth`: the node is its own sequencer, so it is always healthy.
pub(super) fn publisher_health(_: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(Value::Null)
}

/// `eth_config`: the configuration of the current fork (EIP-7910). No other fork is known.
pub(super) fn config(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let genesis = node.chain.block(0).map(|block| block.hash()).unwrap_or_default();
    let precompiles: BTreeMap<&str, Address> = PRECOMPILES
        .iter()
        .map(|&(name, low)| (name, Address::from_word(U256::from(low).into())))
        .collect();
    Ok(json!({
        "current": {
            "activationTime": 0,
            "blobSchedule": null,
            "chainId": U64::from(node.chain.chain_id()),
            "forkId": Bytes::from(ForkHash::from(genesis).0),
            "precompiles": precompiles,
            "systemContracts": {"HISTORY_STORAGE_ADDRESS": HASH_HISTORY},
        },
        "next": null,
        "last": null,
    }))
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
        json!({"anvil": "1.0", "arb": "1.0", "debug": "1.0", "eth": "1.0", "evm": "1.0", "net": "1.0", "rpc": "1.0", "trace": "1.0", "txpool": "1.0", "web3": "1.0"}),
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
