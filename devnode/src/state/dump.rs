//! The whole state as bytes: RLP lists of everything with its history.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    rlp,
};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::Store;

/// A store in the form in which it is written down.
#[derive(Debug, RlpEncodable, RlpDecodable)]
pub(crate) struct StoreDump {
    /// Accounts.
    accounts: Vec<AccountDump>,
    /// Storage.
    storages: Vec<StorageDump>,
    /// Every code.
    codes: Vec<Bytes>,
}

/// An account.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct AccountDump {
    /// Its address.
    address: Address,
    /// Its versions, oldest first.
    versions: Vec<AccountVersion>,
}

/// An account after one block.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct AccountVersion {
    /// The height of the block.
    height: u64,
    /// Whether it exists.
    exists: bool,
    /// Its wei.
    balance: U256,
    /// Its nonce.
    nonce: u64,
    /// Hash of its code.
    code_hash: B256,
}

/// The storage of an account.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct StorageDump {
    /// Its address.
    address: Address,
    /// Its words.
    slots: Vec<SlotDump>,
}

/// A storage word.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct SlotDump {
    /// Its key.
    key: U256,
    /// Its versions, oldest first.
    versions: Vec<SlotVersion>,
}

/// A storage word after one block.
#[derive(Debug, RlpEncodable, RlpDecodable)]
struct SlotVersion {
    /// The height of the block.
    height: u64,
    /// The word.
    value: U256,
}

impl Store {
    /// All of it, to be written down.
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

    /// The state that was written down.
    ///
    /// # Errors
    /// If a code is none.
    pub(crate) fn from_dump(dump: StoreDump) -> rlp::Result<Self> {
        let account = |version: AccountVersion| {
            let AccountVersion { height, exists, balance, nonce, code_hash } = version;
            let info = AccountInfo { balance, nonce, code_hash, account_id: None, code: None };
            (height, exists.then_some(info))
        };
        let accounts = dump
            .accounts
            .into_iter()
            .map(|image| (image.address, image.versions.into_iter().map(account).collect()));
        let slot = |version: SlotVersion| (version.height, version.value);
        let slots = dump.storages.into_iter().map(|image| {
            let slots = image.slots.into_iter();
            let slots =
                slots.map(|image| (image.key, image.versions.into_iter().map(slot).collect()));
            (image.address, slots.collect())
        });
        let code = |code: Bytes| {
            let code = Bytecode::new_raw_checked(code)
                .map_err(|_| rlp::Error::Custom("a delegation that is none"))?;
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
