//! Methods that run calls without changing anything.

use alloy::{
    primitives::{U64, U256},
    rpc::types::{AccessListResult, BlockOverrides},
};

use super::{Args, Node, Reply, RpcError};
use crate::{
    chain::{Accessed, Ask, Estimate},
    exec::End,
};

/// `eth_call`
pub(super) fn call(node: &mut Node, args: Args) -> Reply {
    let ask = ask(args)?;
    let output = match node.chain.node_interface(&ask)? {
        Some(output) => output,
        None => RpcError::of(node.chain.call(&ask)?)?,
    };
    Ok(serde_json::to_value(output)?)
}

/// `eth_estimateGas`
pub(super) fn estimate(node: &mut Node, args: Args) -> Reply {
    let ask = ask(args)?;
    match node.chain.estimate(&ask)? {
        Estimate::Gas(gas) => Ok(serde_json::to_value(U64::from(gas))?),
        Estimate::Fails(execution) => Ok(serde_json::to_value(RpcError::of(*execution)?)?),
    }
}

/// `eth_createAccessList`
pub(super) fn access_list(node: &mut Node, mut args: Args) -> Reply {
    let (request, block) = (args.call()?, args.optional_block()?);
    let state = args.optional()?.unwrap_or_default();
    let ask = Ask::new(request, block, state, BlockOverrides::default());
    args.end()?;
    let Accessed { list, execution } = node.chain.access_list(&ask)?;
    let error = match &execution.end {
        End::Success => None,
        End::Revert => Some("execution reverted".to_owned()),
        End::Failure(halt) => Some(halt.to_string()),
    };
    let gas_used = U256::from(execution.gas_used);
    Ok(serde_json::to_value(AccessListResult { access_list: list, gas_used, error })?)
}

/// Reads a call, its block, and what it pretends about state and block.
fn ask(mut args: Args) -> Result<Ask, RpcError> {
    let (request, block) = (args.call()?, args.optional_block()?);
    let state = args.optional()?.unwrap_or_default();
    let overrides = args.block_overrides()?;
    args.end()?;
    Ok(Ask::new(request, block, state, overrides))
}
