//! Methods that read accounts.

use alloy::{
    primitives::{Address, B256, U64, U256},
    rpc::types::{EIP1186AccountProofResponse, EIP1186StorageProof},
    trie::TrieAccount,
};
use revm::state::AccountInfo;
use serde::Serialize;
use serde_json::json;

use super::{Args, MethodResult, NodeContext, RpcError};
use crate::state::{Proof, StateView};

/// `eth_getBalance`
pub(super) fn balance(node: &mut NodeContext, args: Args) -> MethodResult {
    read_account(node, args, |view, address| view.balance(address))
}

/// `eth_getTransactionCount`: the pending block counts pooled transactions.
pub(super) fn nonce(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (address, block) = (args.address()?, args.block()?);
    args.finish()?;
    let nonce = if block.is_pending() {
        node.chain.next_nonce(address)
    } else {
        node.chain.state_at(block)?.nonce(address)
    };
    Ok(serde_json::to_value(U64::from(nonce))?)
}

/// `eth_getCode`
pub(super) fn code(node: &mut NodeContext, args: Args) -> MethodResult {
    read_account(node, args, |view, address| view.code(address))
}

/// `eth_getStorageAt`
pub(super) fn storage(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (address, key, block) = (args.address()?, args.storage_key()?, args.block()?);
    args.finish()?;
    let slot = key.slot().map_err(|why| RpcError::UndecodableKey(Box::new(why)))?;
    let word = node.chain.state_at(block)?.slot(address, slot);
    Ok(serde_json::to_value(B256::from(word))?)
}

/// `eth_getProof`
pub(super) fn proof(node: &mut NodeContext, mut args: Args) -> MethodResult {
    let (address, keys, block) = (args.address()?, args.take::<Vec<String>>()?, args.block()?);
    args.finish()?;
    let keys = keys.iter().map(|key| StorageKey::read(key)).collect::<Result<Vec<_>, _>>()?;
    let slots: Vec<U256> = keys.iter().map(|key| key.slot).collect();
    let Proof { info, storage_root, nodes, words } =
        node.chain.state_at(block)?.prove(address, &slots);
    let code_hash = info.as_ref().map(|info| info.code_hash).unwrap_or_default();
    let AccountInfo { balance, nonce, .. } = info.unwrap_or_default();
    let storage_proof = keys.iter().zip(words).map(|(key, (value, proof))| EIP1186StorageProof {
        key: if key.is_whole { B256::from(key.slot).into() } else { key.slot.into() },
        value,
        proof,
    });
    let response = EIP1186AccountProofResponse {
        address,
        balance,
        code_hash,
        nonce,
        storage_hash: storage_root,
        account_proof: nodes,
        storage_proof: storage_proof.collect(),
    };
    Ok(serde_json::to_value(response)?)
}

/// `eth_getAccount`: what the state contains of an account; null if it does not exist.
pub(super) fn account(node: &mut NodeContext, args: Args) -> MethodResult {
    read_account(node, args, |view, address| {
        let root = view.storage_root(address);
        view.account(address)
            .map(|info| TrieAccount::new(info.nonce, info.balance, root, info.code_hash))
    })
}

/// `eth_getAccountInfo`: balance, nonce and code of an account.
pub(super) fn account_info(node: &mut NodeContext, args: Args) -> MethodResult {
    read_account(node, args, |view, address| {
        json!({
            "balance": view.balance(address),
            "nonce": U64::from(view.nonce(address)),
            "code": view.code(address),
        })
    })
}

/// A storage key of `eth_getProof`.
struct StorageKey {
    /// The slot.
    slot: U256,
    /// Whether the key has all its digits, and is returned with all its digits.
    is_whole: bool,
}

impl StorageKey {
    /// Parses a key.
    fn read(text: &str) -> Result<Self, RpcError> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() > 64 {
            return Err(RpcError::KeyTooLong);
        }
        let slot = U256::from_str_radix(digits, 16).map_err(|_| RpcError::InvalidKey)?;
        Ok(Self { slot, is_whole: digits.len() > 62 })
    }
}

/// Reads one account in one block.
fn read_account<T: Serialize>(
    node: &NodeContext,
    mut args: Args,
    read: impl FnOnce(StateView<'_>, Address) -> T,
) -> MethodResult {
    let (address, block) = (args.address()?, args.block()?);
    args.finish()?;
    Ok(serde_json::to_value(read(node.chain.state_at(block)?, address))?)
}
