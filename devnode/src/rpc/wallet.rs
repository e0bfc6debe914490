//! Accounts that the node sends for: those whose keys it has, and impersonated ones.

use alloy::{
    consensus::{SignableTransaction, Typed2718},
    eips::BlockId,
    primitives::{Address, B256, Signature, TxKind, map::AddressSet},
    rpc::types::{BlockOverrides, TransactionRequest, state::StateOverride},
    signers::{SignerSync, local::PrivateKeySigner},
};
use serde_json::json;

use super::{Args, MethodResult, NodeContext, RpcError};
use crate::{
    Account, CHAIN_ID,
    chain::{CallRequest, ChainError, Estimate, RecoveredTransaction, TransactionDecodeError},
};

/// The node's accounts.
#[derive(Debug)]
pub(super) struct Wallet {
    /// Accounts with keys.
    signers: Vec<PrivateKeySigner>,
    /// Impersonated accounts, which need no signature.
    impersonated: AddressSet,
    /// Whether every account is impersonated.
    auto_impersonate: bool,
}

impl Wallet {
    /// A wallet with the keys of these accounts.
    pub(super) fn new(accounts: &[Account]) -> Self {
        let signer = |account: &Account| PrivateKeySigner::from_bytes(&account.key).ok();
        Self {
            signers: accounts.iter().filter_map(signer).collect(),
            impersonated: AddressSet::default(),
            auto_impersonate: false,
        }
    }

    /// Accounts with keys.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Address> {
        self.signers.iter().map(PrivateKeySigner::address)
    }

    /// Starts to impersonate an account.
    pub(super) fn impersonate(&mut self, account: Address) {
        self.impersonated.insert(account);
    }

    /// Stops to impersonate an account.
    pub(super) fn stop_impersonating(&mut self, account: Address) {
        self.impersonated.remove(&account);
    }

    /// Starts or stops to impersonate every account.
    pub(super) const fn impersonate_all(&mut self, all: bool) {
        self.auto_impersonate = all;
    }

    /// Signs a hash.
    ///
    /// # Errors
    /// If the node does not have the key.
    pub(super) fn sign(&self, account: Address, hash: B256) -> Result<Signature, RpcError> {
        let signer = self.signers.iter().find(|signer| signer.address() == account);
        signer.and_then(|signer| signer.sign_hash_sync(&hash).ok()).ok_or(RpcError::UnknownAccount)
    }

    /// Builds and signs the transaction of a complete request. Leaves it unsigned if the sender is
    /// impersonated or `unsigned_allowed`.
    ///
    /// # Errors
    /// If the node may not send for the account, or if the fields fit no transaction type.
    fn sign_request(
        &self,
        from: Address,
        request: TransactionRequest,
        unsigned_allowed: bool,
    ) -> Result<RecoveredTransaction, RpcError> {
        let transaction = request.build_typed_tx().map_err(|_| RpcError::UnknownTransactionType)?;
        if transaction.is_eip4844() {
            return Err(ChainError::from(TransactionDecodeError::UnsupportedType).into());
        }
        if let Ok(signature) = self.sign(from, transaction.signature_hash()) {
            return Ok(RecoveredTransaction::new(transaction.into_envelope(signature), from));
        }
        if unsigned_allowed || self.auto_impersonate || self.impersonated.contains(&from) {
            return Ok(RecoveredTransaction::unsigned(transaction, from));
        }
        Err(RpcError::UnknownAccount)
    }
}

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
