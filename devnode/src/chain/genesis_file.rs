//! Genesis files of geth: accounts, time and chain id. Their other fields are about Ethereum.

use std::{collections::BTreeMap, fs, io, path::Path};

use alloy::primitives::{Address, Bytes, U256};
use serde::Deserialize;

/// What is read of a genesis file.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GenesisFile {
    /// Accounts that exist from the start.
    #[serde(default)]
    pub(crate) alloc: BTreeMap<Address, GenesisAccount>,
    /// Unix second of block zero.
    timestamp: Option<U256>,
    /// Parameters of the chain.
    #[serde(default)]
    config: GenesisParameters,
}

/// What is read of the parameters of the chain.
#[derive(Clone, Debug, Default, Deserialize)]
struct GenesisParameters {
    /// Id of the chain.
    #[serde(rename = "chainId")]
    chain_id: Option<u64>,
}

/// An account that exists from the start.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct GenesisAccount {
    /// Balance in wei.
    #[serde(default)]
    pub(super) balance: U256,
    /// Transactions sent so far.
    #[serde(default)]
    pub(super) nonce: U256,
    /// Code; empty for an account with a key.
    #[serde(default)]
    pub(super) code: Bytes,
    /// Storage words, by slot.
    #[serde(default)]
    pub(super) storage: BTreeMap<U256, U256>,
}

/// Why a genesis file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenesisError {
    /// It cannot be read.
    #[error("cannot read the genesis file {file}: {why}")]
    Read {
        /// The file.
        file: Box<str>,
        /// The reason.
        why: io::Error,
    },
    /// It has another form.
    #[error("{file} is no genesis file of geth: {why}; expected JSON with accounts in \"alloc\"")]
    Parse {
        /// The file.
        file: Box<str>,
        /// The reason.
        why: serde_json::Error,
    },
}

impl GenesisFile {
    /// Reads a file.
    ///
    /// # Errors
    /// See [`GenesisError`].
    pub(crate) fn read(path: &Path) -> Result<Self, GenesisError> {
        let file = || path.display().to_string().into();
        let text = fs::read(path).map_err(|why| GenesisError::Read { file: file(), why })?;
        serde_json::from_slice(&text).map_err(|why| GenesisError::Parse { file: file(), why })
    }

    /// Unix second of block zero; zero means that there is none, as in most files.
    pub(crate) fn timestamp(&self) -> Option<u64> {
        self.timestamp.map(|second| second.saturating_to()).filter(|&second| second > 0)
    }

    /// Id of the chain.
    pub(crate) const fn chain_id(&self) -> Option<u64> {
        self.config.chain_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_hexadecimal_or_decimal_and_addresses_without_prefix() {
        let text = r#"{"config": {"chainId": 7, "londonBlock": 0}, "timestamp": "0x10", "gasLimit": "0x1",
            "alloc": {"00000000000000000000000000000000000000aa": {"balance": "12", "nonce": "0x2",
                "code": "0x00", "storage": {"0x01": "0x02"}}, "0x00000000000000000000000000000000000000bb": {}}}"#;
        let file: GenesisFile = serde_json::from_str(text).unwrap();
        assert_eq!((file.chain_id(), file.timestamp()), (Some(7), Some(16)));
        let account = &file.alloc[&Address::with_last_byte(0xaa)];
        assert_eq!((account.balance, account.nonce), (U256::from(12), U256::from(2)));
        assert_eq!(account.storage, BTreeMap::from([(U256::ONE, U256::from(2))]));
        assert_eq!(file.alloc.len(), 2);
    }

    #[test]
    fn what_is_no_genesis_file_is_named() {
        let missing = GenesisFile::read(Path::new("/nowhere/genesis.json")).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/genesis.json"), "{missing}");
    }
}
