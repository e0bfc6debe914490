//! Methods that send transactions for accounts of the node.

use alloy::{
    consensus::Typed2718,
    eips::{BlockId, eip2718::Encodable2718},
    primitives::{Address, Bytes, Signature, TxKind, U256},
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
};
use serde_json::json;

use super::{Args, MethodResult, NodeContext, RpcError, convert};
use crate::chain::{CallRequest, ChainError, Estimate, RecoveredTransaction};

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

/// `eth_fillTransaction`: fills in missing fields, and returns the unsigned transaction.
pub(super) fn fill_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let mut request: TransactionRequest = args.call()?;
    args.finish()?;
    let from = request.from.unwrap_or_default();
    fill(node, from, &mut request)?;
    let transaction = request.build_typed_tx().map_err(|_| RpcError::UnknownTransactionType)?;
    let envelope = transaction.into_envelope(Signature::new(U256::ZERO, U256::ZERO, false));
    transaction_with_encoding(&RecoveredTransaction::new(envelope, from))
}

/// `eth_signTransaction`: fills in missing fields, and returns the signed transaction.
pub(super) fn sign_transaction(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let mut request: TransactionRequest = args.call()?;
    args.finish()?;
    let from = request.from.unwrap_or_default();
    fill(node, from, &mut request)?;
    transaction_with_encoding(&node.wallet.sign_request(from, request, false)?)
}

/// A transaction with its encoding. Its effective price is zero until it is in a block.
fn transaction_with_encoding(incoming: &RecoveredTransaction) -> MethodResult {
    let mut value = serde_json::to_value(incoming.transaction.inner())?;
    if !incoming.transaction.is_legacy() && !incoming.transaction.is_eip2930() {
        value = convert::with_field(value, "gasPrice", json!("0x0"));
    }
    Ok(json!({"raw": Bytes::from(incoming.transaction.encoded_2718()), "tx": value}))
}

/// Submits a transaction for an account and returns its hash. No key is needed if `unsigned_allowed`.
fn send_for(node: &mut NodeContext, mut args: Args, unsigned_allowed: bool) -> MethodResult {
    let mut request: TransactionRequest = args.call()?;
    args.finish()?;
    let from = request.from.unwrap_or_default();
    fill(node, from, &mut request)?;
    let incoming = node.wallet.sign_request(from, request, unsigned_allowed)?;
    Ok(json!(node.chain.submit(incoming)?))
}

/// Fills in the missing fields of a transaction of `from`.
fn fill(
    node: &mut NodeContext,
    from: Address,
    request: &mut TransactionRequest,
) -> Result<(), RpcError> {
    let chain_id = node.chain.chain_id();
    if let Some(other) = request.chain_id.filter(|&id| id != chain_id) {
        return Err(ChainError::CallChainId { have: other, want: chain_id }.into());
    }
    let dynamic = request.max_fee_per_gas.is_some() || request.max_priority_fee_per_gas.is_some();
    if request.gas_price.is_some() && dynamic {
        return Err(ChainError::ConflictingGasPrices.into());
    }
    if request.to.is_none() && request.input.input().is_none_or(|data| data.is_empty()) {
        return Err(RpcError::EmptyCreation);
    }
    request.chain_id = Some(chain_id);
    request.to = request.to.or(Some(TxKind::Create));
    request.value = request.value.or(Some(U256::ZERO));
    request.nonce = request.nonce.or_else(|| Some(node.chain.next_nonce(from)));
    if request.gas.is_none() {
        request.gas = Some(estimate_gas(node, request)?);
    }
    if request.gas_price.is_none() {
        let tip = request.max_priority_fee_per_gas.unwrap_or_default();
        let enough = u128::from(node.chain.base_fee()).saturating_mul(2).saturating_add(tip);
        request.max_fee_per_gas = request.max_fee_per_gas.or(Some(enough));
        request.max_priority_fee_per_gas = Some(tip);
    }
    Ok(())
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
