//! Information about the node.

use alloy::primitives::{U64, map::HashMap};
use serde_json::json;

use super::super::{Args, MethodResult, NodeContext, net::CLIENT_VERSION};
use crate::{CHAIN_ID, chain::GAS_LIMIT};

/// `anvil_nodeInfo`
pub(super) fn info(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let (latest, base_fee) = (node.chain.latest(), U64::from(node.chain.base_fee()));
    Ok(json!({
        "currentBlockNumber": U64::from(latest.height()),
        "currentBlockTimestamp": latest.header.timestamp,
        "currentBlockHash": latest.hash(),
        "hardFork": "osaka",
        "transactionOrder": "fifo",
        "environment": {
            "baseFee": base_fee,
            "chainId": CHAIN_ID,
            "gasLimit": U64::from(GAS_LIMIT),
            "gasPrice": base_fee,
        },
        "forkConfig": {"forkUrl": null, "forkBlockNumber": null, "forkRetryBackoff": null},
        "network": "arbitrum",
    }))
}

/// `anvil_metadata`
pub(super) fn metadata(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let snapshots: HashMap<U64, U64> = node
        .chain
        .snapshots()
        .map(|(number, height)| (U64::from(number), U64::from(height)))
        .collect();
    Ok(json!({
        "clientVersion": CLIENT_VERSION,
        "chainId": CHAIN_ID,
        "instanceId": node.instance,
        "latestBlockNumber": node.chain.height(),
        "latestBlockHash": node.chain.latest().hash(),
        "forkedNetwork": null,
        "snapshots": snapshots,
    }))
}
