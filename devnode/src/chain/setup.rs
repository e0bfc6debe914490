//! The set-up transactions of a dev chain, the same as those of Nitro's usual set-up script.
//!
//! Afterwards the dev account owns the chain and has sent six transactions, and three contracts
//! exist where tools expect them.

use alloy::{
    consensus::{SignableTransaction, TxEnvelope, TxLegacy},
    eips::eip2718::Encodable2718,
    primitives::{Address, Bytes, TxKind, U256, address, bytes, hex},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};

use super::{Chain, ChainError, RecoveredTransaction, TransactionDecodeError};
use crate::{
    accounts::{DEV_ADDRESS, DEV_KEY},
    precompiles::{
        ARB_DEBUG, ARB_OWNER,
        abi::{ArbDebug::becomeChainOwnerCall, ArbOwner},
    },
};

/// Account that publishes the CREATE2 factory.
const CREATE2_FACTORY_DEPLOYER: Address = address!("3fab184622dc19b6109349b94811493bf2a45362");

/// The CREATE2 factory, at the same address on every chain.
const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// The presigned transaction that publishes the factory.
const CREATE2_FACTORY_TRANSACTION: Bytes = bytes!(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b808252"
    "5050506014600cf31ba02222222222222222222222222222222222222222222222222222222222222222a0222222"
    "2222222222222222222222222222222222222222222222222222222222"
);

/// Init code of a contract of 7452 zero bytes, on which any call succeeds and returns nothing: the
/// script's stand-in for a cache manager.
const CACHE_MANAGER: Bytes = bytes!("611d1c6000f3");

/// Init code that returns the 2269 bytes after it and rejects value.
const STYLUS_DEPLOYER_HEAD: &[u8] =
    &hex!("608060405234801561001057600080fd5b506108dd806100206000396000f3fe");

/// `StylusDeployer`: creates a program, activates it and calls its constructor in one transaction.
const STYLUS_DEPLOYER: &[u8] = include_bytes!("stylus_deployer.bin");

/// Gas price of each transaction in wei.
const GAS_PRICE: u128 = 100_000_000;

/// Gas limit of each transaction.
const GAS: u64 = 5_000_000;

/// Sends all set-up transactions.
///
/// # Errors
/// If one is rejected.
pub(super) fn deploy_genesis_contracts(chain: &mut Chain) -> Result<(), ChainError> {
    let mut dev = DevAccount { chain, nonce: 0 };
    dev.call(ARB_DEBUG, &becomeChainOwnerCall {})?;
    dev.call(ARB_OWNER, &ArbOwner::setL1PricePerUnitCall { price: U256::ZERO })?;
    let ether = U256::from(1_000_000_000_000_000_000_u64);
    dev.send(TxKind::Call(CREATE2_FACTORY_DEPLOYER), ether, Bytes::new())?;
    dev.chain.submit(RecoveredTransaction::decode(&CREATE2_FACTORY_TRANSACTION)?)?;
    let manager = DEV_ADDRESS.create(dev.nonce);
    dev.send(TxKind::Create, U256::ZERO, CACHE_MANAGER)?;
    dev.call(ARB_OWNER, &ArbOwner::addWasmCacheManagerCall { manager })?;
    // 32 zero bytes of salt, then init code.
    let deployer = [&[0; 32], STYLUS_DEPLOYER_HEAD, STYLUS_DEPLOYER].concat();
    dev.send(TxKind::Call(CREATE2_FACTORY), U256::ZERO, deployer.into())
}

/// The dev account during the set-up.
struct DevAccount<'a> {
    /// The chain.
    chain: &'a mut Chain,
    /// Transactions sent so far.
    nonce: u64,
}

impl DevAccount<'_> {
    /// Calls a function of a contract.
    fn call(&mut self, to: Address, function: &impl SolCall) -> Result<(), ChainError> {
        self.send(TxKind::Call(to), U256::ZERO, function.abi_encode().into())
    }

    /// Sends a transaction.
    fn send(&mut self, to: TxKind, value: U256, input: Bytes) -> Result<(), ChainError> {
        let transaction = TxLegacy {
            chain_id: Some(self.chain.chain_id()),
            nonce: self.nonce,
            gas_price: GAS_PRICE,
            gas_limit: GAS,
            to,
            value,
            input,
        };
        let signer = PrivateKeySigner::from_bytes(&DEV_KEY)
            .map_err(|_| TransactionDecodeError::InvalidSignature)?;
        let signature = signer
            .sign_hash_sync(&transaction.signature_hash())
            .map_err(|_| TransactionDecodeError::InvalidSignature)?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        self.chain.submit(RecoveredTransaction::decode(&envelope.encoded_2718())?)?;
        self.nonce = self.nonce.saturating_add(1);
        Ok(())
    }
}
