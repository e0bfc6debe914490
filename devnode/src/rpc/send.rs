//! Methods that send transactions for accounts of the node.

use alloy::{
    eips::BlockId,
    primitives::TxKind,
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use serde_json::json;

use super::{Args, MethodResult, NodeContext, RpcError};
use crate::{
    CHAIN_ID,
    chain::{CallRequest, ChainError, Estimate},
};

/// `eth_accounts`: accounts whose keys the node has.
pub(super) fn accounts(node: &mut NodeContext, args: Args) -> MethodResult {
    args.finish()?;
    Ok(json!(node.wallet.accounts().collect::<Vec<_>>()))
}

/// `eth_sendTransaction`: fills in missing fields, signs and submits a transaction.
pub(super) fn send(node: &mut NodeContext, args: Args) -> MethodResult {
    send_for(node, args, false)
}

/// `eth_sendUnsignedTransaction`: the same for any account, as if it were impersonated.
pub(super) fn send_unsigned(node: &mut NodeContext, args: Args) -> MethodResult {
    send_for(node, args, true)
}

/// Submits a transaction for an account and returns its hash. No key is needed if `unsigned_allowed`.
fn send_for(node: &mut NodeContext, mut args: Args, unsigned_allowed: bool) -> MethodResult {
    let mut request: TransactionRequest = args.call()?;
    args.finish()?;
    let from = request.from.unwrap_or_default();
    if let Some(other) = request.chain_id.filter(|&id| id != CHAIN_ID) {
        return Err(ChainError::CallChainId(other).into());
    }
    request.chain_id = Some(CHAIN_ID);
    request.to = request.to.or(Some(TxKind::Create));
    request.nonce = request.nonce.or_else(|| Some(node.chain.next_nonce(from)));
    if request.gas.is_none() {
        request.gas = Some(estimate_gas(node, &request)?);
    }
    if request.gas_price.is_none() {
        let tip = request.max_priority_fee_per_gas.unwrap_or_default();
        let enough = u128::from(node.chain.base_fee()).saturating_mul(2).saturating_add(tip);
        request.max_fee_per_gas = request.max_fee_per_gas.or(Some(enough));
        request.max_priority_fee_per_gas = Some(tip);
    } else if request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some() {
        return Err(ChainError::ConflictingGasPrices.into());
    }
    let incoming = node.wallet.sign_request(from, request, unsigned_allowed)?;
    Ok(json!(node.chain.submit(incoming)?))
}

/// Estimates the gas of a transaction.
fn estimate_gas(node: &mut NodeContext, request: &TransactionRequest) -> Result<u64, RpcError> {
    let (state, overrides) = (StateOverride::default(), BlockOverrides::default());
    let call = CallRequest::new(request.clone(), BlockId::pending(), state, overrides);
    match node.chain.estimate(&call)? {
        Estimate::Gas(gas) => Ok(gas),
        Estimate::Fails(execution) => {
            let used = execution.gas_used;
            RpcError::execution_output(*execution).map(|_| used)
        }
    }
}
