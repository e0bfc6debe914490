//! Accounts that the node sends for: those whose keys it has, and impersonated ones.

use alloy::{
    consensus::{SignableTransaction, Typed2718},
    primitives::{Address, B256, Signature, map::AddressSet},
    rpc::types::TransactionRequest,
    signers::{SignerSync, local::PrivateKeySigner},
};

use super::error::RpcError;
use crate::{
    Account,
    chain::{ChainError, RecoveredTransaction, TransactionDecodeError},
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
    pub(super) fn sign_request(
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
