//! Information about the node.

use alloy::primitives::{U64, U256, map::HashMap};
use serde_json::{Value, json};

use super::super::{Args, MethodResult, NodeContext, net::CLIENT_VERSION};
use crate::chain::ChainError;

/// `anvil_nodeInfo`
pub(super) fn info(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    let (latest, base_fee) = (node.chain.latest(), U64::from(node.chain.base_fee()));
    Ok(json!({
        "currentBlockNumber": U64::from(latest.height()),
        "currentBlockTimestamp": latest.header.timestamp,
        "currentBlockHash": latest.hash(),
        "hardFork": "osaka",
        "transactionOrder": node.chain.order().to_string(),
        "environment": {
            "baseFee": base_fee,
            "chainId": node.chain.chain_id(),
            "gasLimit": U64::from(node.chain.header_fields().gas_limit),
            "gasPrice": base_fee,
        },
        "forkConfig": {
            "forkUrl": node.chain.forked().and_then(|fork| fork.url()),
            "forkBlockNumber": node.chain.forked().map(|fork| fork.point().height),
            "forkRetryBackoff": null,
        },
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
        "chainId": node.chain.chain_id(),
        "instanceId": node.instance,
        "latestBlockNumber": node.chain.height(),
        "latestBlockHash": node.chain.latest().hash(),
        "forkedNetwork": node.chain.forked().map(|fork| json!({
            "chainId": fork.point().chain_id,
            "forkBlockNumber": fork.point().height,
            "forkBlockHash": fork.point().hash,
        })),
        "snapshots": snapshots,
    }))
}

/// `anvil_getGenesisTime`: unix second of block zero.
pub(super) fn genesis_time(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.chain.block(0).map(|block| block.header.timestamp)))
}

/// `anvil_setChainId`: sets the id of the chain.
pub(super) fn set_chain_id(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let chain_id = args.any_number()?;
    args.finish()?;
    node.chain.set_chain_id(chain_id);
    Ok(Value::Null)
}

/// `hardhat_setPrevRandao`: sets what PREVRANDAO returns from now on.
pub(super) fn set_prev_randao(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let value: U256 = args.take()?;
    args.finish()?;
    node.chain.set_prev_randao(value.into());
    Ok(json!(true))
}

/// `anvil_setCoinbase`: sets the beneficiary of the following blocks.
pub(super) fn set_coinbase(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let beneficiary = args.address()?;
    args.finish()?;
    node.chain.set_beneficiary(beneficiary);
    Ok(Value::Null)
}

/// `anvil_setBlockGasLimit`: sets the gas limit of the following blocks.
pub(super) fn set_block_gas_limit(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let limit = args.any_number()?;
    args.finish()?;
    node.chain.set_block_gas_limit(limit);
    Ok(json!(true))
}

/// `anvil_setMinGasPrice`: sets the minimum base fee.
pub(super) fn set_min_gas_price(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let price = args.any_number()?;
    args.finish()?;
    node.chain.set_min_base_fee(U256::from(price));
    Ok(Value::Null)
}

/// `anvil_setLoggingEnabled`: starts or stops to log requests, at the level `debug`.
pub(super) fn set_logging(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let enabled = args.take()?;
    args.finish()?;
    node.logs_requests = enabled;
    Ok(Value::Null)
}

/// `anvil_setRpcUrl`: sets the node that the fork is fetched from, which must have the same block.
pub(super) fn set_rpc_url(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let url: String = args.take()?;
    args.finish()?;
    let fork = node.chain.forked().ok_or(ChainError::NotAFork)?;
    fork.set_url(&url).map_err(ChainError::from)?;
    node.fork.url = Some(url);
    Ok(Value::Null)
}
