//! Methods that run calls without changing state.

use alloy::{
    primitives::{U64, U256},
    rpc::types::{AccessListResult, BlockOverrides},
};

use super::{Args, MethodResult, NodeContext, RpcError};
use crate::{
    chain::{AccessListOutcome, CallRequest, Estimate},
    exec::ExecutionStatus,
};

/// `eth_call`
pub(super) fn call(node: &mut NodeContext, args: Args) -> MethodResult {
    let call = parse_call(args)?;
    let output = match node.chain.node_interface(&call)? {
        Some(output) => output,
        None => RpcError::execution_output(node.chain.call(&call)?)?,
    };
    Ok(serde_json::to_value(output)?)
}

/// `eth_estimateGas`
pub(super) fn estimate(node: &mut NodeContext, args: Args) -> MethodResult {
    let call = parse_call(args)?;
    match node.chain.estimate(&call)? {
        Estimate::Gas(gas) => Ok(serde_json::to_value(U64::from(gas))?),
        Estimate::Fails(execution) => {
            Ok(serde_json::to_value(RpcError::execution_output(*execution)?)?)
        }
    }
}

/// `eth_createAccessList`
pub(super) fn access_list(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (request, block) = (args.call()?, args.optional_block()?);
    let state = args.state_overrides()?;
    let call = CallRequest::new(request, block, state, BlockOverrides::default());
    args.finish()?;
    let AccessListOutcome { list, execution } = node.chain.access_list(&call)?;
    let error = match &execution.status {
        ExecutionStatus::Success => None,
        ExecutionStatus::Revert => Some("execution reverted".to_owned()),
        ExecutionStatus::Halt(halt) => Some(halt.to_string()),
    };
    let gas_used = U256::from(execution.gas_used);
    Ok(serde_json::to_value(AccessListResult { access_list: list, gas_used, error })?)
}

/// Parses a call with its block and its overrides.
fn parse_call(mut args: Args) -> Result<CallRequest, RpcError> {
    let (request, block) = (args.call()?, args.optional_block()?);
    let state = args.state_overrides()?;
    let overrides = args.block_overrides()?;
    args.finish()?;
    Ok(CallRequest::new(request, block, state, overrides))
}
