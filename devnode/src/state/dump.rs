//! Dumps of the state with its history, as RLP lists.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    rlp,
};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::Store;

/// A store, in serialised form.
#[derive(Debug, RlpEncodable, RlpDecodable)]
pub(crate) struct StoreDump {
    /// All accounts.
    accounts: Vec<AccountDump>,
    /// All storage.
    storages: Vec<StorageDump>,
    /// All code.
    codes: Vec<Bytes>,
}

/// An account with its history.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct AccountDump {
    /// Address.
    address: Address,
    /// Versions, oldest first.
    versions: Vec<AccountVersion>,
}

/// An account after one block.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct AccountVersion {
    /// Height of the block.
    height: u64,
    /// Whether the account exists.
    exists: bool,
    /// Balance in wei.
    balance: U256,
    /// Nonce.
    nonce: u64,
    /// Code hash.
    code_hash: B256,
}

/// The storage of an account.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct StorageDump {
    /// Address of the account.
    address: Address,
    /// Storage words.
    slots: Vec<SlotDump>,
}

/// A storage word with its history.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct SlotDump {
    /// Key.
    key: U256,
    /// Versions, oldest first.
    versions: Vec<SlotVersion>,
}

/// A storage word after one block.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct SlotVersion {
    /// Height of the block.
    height: u64,
    /// Value.
    value: U256,
}

impl Store {
    /// Dumps the whole store.
    pub(crate) fn dump(&self) -> StoreDump {
        let account = |(height, info): (u64, &Option<AccountInfo>)| {
            let (exists, info) = (info.is_some(), info.clone().unwrap_or_default());
            let AccountInfo { balance, nonce, code_hash, .. } = info;
            AccountVersion { height, exists, balance, nonce, code_hash }
        };
        let accounts = self.accounts.iter().map(|(&address, history)| AccountDump {
            address,
            versions: history.versions().map(account).collect(),
        });
        let slot = |(height, &value): (u64, &U256)| SlotVersion { height, value };
        let storages = self.slots.iter().map(|(&address, slots)| {
            let slots = slots.iter().map(|(&key, history)| SlotDump {
                key,
                versions: history.versions().map(slot).collect(),
            });
            StorageDump { address, slots: slots.collect() }
        });
        StoreDump {
            accounts: accounts.collect(),
            storages: storages.collect(),
            codes: self.codes.values().map(Bytecode::original_bytes).collect(),
        }
    }

    /// Restores a store from a dump.
    ///
    /// # Errors
    /// If a delegation is malformed.
    pub(crate) fn from_dump(dump: StoreDump) -> rlp::Result<Self> {
        let account = |version: AccountVersion| {
            let AccountVersion { height, exists, balance, nonce, code_hash } = version;
            let info = AccountInfo { balance, nonce, code_hash, account_id: None, code: None };
            (height, exists.then_some(info))
        };
        let accounts = dump
            .accounts
            .into_iter()
            .map(|dump| (dump.address, dump.versions.into_iter().map(account).collect()));
        let slot = |version: SlotVersion| (version.height, version.value);
        let slots = dump.storages.into_iter().map(|dump| {
            let slots = dump.slots.into_iter();
            let slots = slots.map(|dump| (dump.key, dump.versions.into_iter().map(slot).collect()));
            (dump.address, slots.collect())
        });
        let code = |code: Bytes| {
            let code = Bytecode::new_raw_checked(code)
                .map_err(|_| rlp::Error::Custom("malformed delegation"))?;
            Ok((code.hash_slow(), code))
        };
        Ok(Self {
            accounts: accounts.collect(),
            slots: slots.collect(),
            codes: dump.codes.into_iter().map(code).collect::<rlp::Result<_>>()?,
            ..Self::default()
        })
    }
}
