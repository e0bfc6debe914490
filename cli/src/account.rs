//! Whose key signs: a dev account by name, a keystore file, or a key.

use std::fmt::{self, Debug, Formatter};
use std::path::Path;
use std::str::FromStr;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use serde_json::Value;

use crate::args::GlobalArgs;
use crate::error::CliError;

/// Chains on which the keys of dev accounts, which everybody knows, would be robbed at once.
const ETHEREUM: u64 = 1;
/// See [`ETHEREUM`].
const ARBITRUM_ONE: u64 = 42_161;
/// See [`ETHEREUM`].
const ARBITRUM_NOVA: u64 = 42_170;
/// See [`ETHEREUM`].
const ARBITRUM_SEPOLIA: u64 = 421_614;

/// A private key that never shows itself.
#[derive(Clone)]
pub(crate) struct PrivateKey(PrivateKeySigner);

impl Debug for PrivateKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl PrivateKey {
    /// What it signs with.
    pub(crate) const fn signer(&self) -> &PrivateKeySigner {
        &self.0
    }
}

/// A text that is no private key; the text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a private key is 64 hexadecimal digits")]
pub(crate) struct PrivateKeyError;

impl FromStr for PrivateKey {
    type Err = PrivateKeyError;

    fn from_str(text: &str) -> Result<Self, PrivateKeyError> {
        let bytes: B256 = text.trim().parse().map_err(|_| PrivateKeyError)?;
        PrivateKeySigner::from_bytes(&bytes).map(Self).map_err(|_| PrivateKeyError)
    }
}

/// An account of a dev chain by name.
#[derive(Clone, Debug)]
pub(crate) struct DevAccount(PrivateKeySigner);

/// A text that names no dev account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an account's name is `dev` or `dev:` and a word, such as dev:alice")]
pub(crate) struct DevAccountError;

impl FromStr for DevAccount {
    type Err = DevAccountError;

    fn from_str(text: &str) -> Result<Self, DevAccountError> {
        let key = match text.strip_prefix("dev") {
            Some("") => stylus_devnode::DEV_KEY,
            Some(rest) => match rest.strip_prefix(':') {
                Some("") | None => return Err(DevAccountError),
                Some(name) => keccak256(format!("muster dev account {name}")),
            },
            None => return Err(DevAccountError),
        };
        // A hash that is no key would be the first ever seen.
        PrivateKeySigner::from_bytes(&key).map(Self).map_err(|_| DevAccountError)
    }
}

impl DevAccount {
    /// The account's address.
    pub(crate) const fn address(&self) -> Address {
        self.0.address()
    }
}

/// The dev account with the money.
pub(crate) fn default_dev_account() -> Result<PrivateKeySigner, CliError> {
    PrivateKeySigner::from_bytes(&stylus_devnode::DEV_KEY).map_err(|_| CliError::NoAccount)
}

/// The account that the command line names, if it names one: --account, else --keystore, else --key.
pub(crate) fn signer(globals: &GlobalArgs) -> Result<Option<PrivateKeySigner>, CliError> {
    if let Some(DevAccount(signer)) = &globals.account {
        return Ok(Some(signer.clone()));
    }
    if let Some(path) = &globals.keystore {
        return open_keystore(path, globals).map(Some);
    }
    Ok(globals.key.clone().map(|key| key.0))
}

/// The key in a keystore.
fn open_keystore(path: &Path, globals: &GlobalArgs) -> Result<PrivateKeySigner, CliError> {
    let failed = |source| CliError::Read { path: path.into(), source };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let json: Option<Value> = serde_json::from_str(&text).ok();
    if json.and_then(|json| json.get("crypto").cloned()).is_none() {
        return Err(CliError::NoKeystore(path.into()));
    }
    PrivateKeySigner::decrypt_keystore(path, password(globals)?)
        .map_err(|source| CliError::Keystore { path: path.into(), source: source.into() })
}

/// The password of keystores.
pub(crate) fn password(globals: &GlobalArgs) -> Result<String, CliError> {
    let password = match &globals.password_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|source| CliError::Read { path: file.clone(), source })?,
        None => std::env::var("MUSTER_PASSWORD").map_err(|_| CliError::NoPassword)?,
    };
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

/// Refuses dev accounts where money is real.
pub(crate) const fn reject_on_public_chain(chain_id: u64) -> Result<(), CliError> {
    match chain_id {
        ETHEREUM | ARBITRUM_ONE | ARBITRUM_NOVA | ARBITRUM_SEPOLIA => {
            Err(CliError::DevAccountInPublic(chain_id))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::{DevAccount, DevAccountError, PrivateKey, PrivateKeyError};

    #[test]
    fn dev_accounts_go_by_name() {
        let address = |name: &str| name.parse::<DevAccount>().map(|name| name.address());
        assert_eq!(address("dev"), Ok(address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E")));
        assert_eq!(address("dev:alice"), address("dev:alice"));
        assert_ne!(address("dev:alice"), address("dev:bob"));
        for wrong in ["", "alice", "dev:", "device", "0x12"] {
            assert_eq!(address(wrong), Err(DevAccountError), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_read_but_never_shown() {
        let digits = "b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659";
        let key: PrivateKey = digits.parse().unwrap();
        assert!(format!("0x{digits}").parse::<PrivateKey>().is_ok());
        assert_eq!(format!("{key:?}"), "Key");
        assert_eq!("0".repeat(64).parse::<PrivateKey>().unwrap_err(), PrivateKeyError);
        assert_eq!("12".parse::<PrivateKey>().unwrap_err(), PrivateKeyError);
    }
}
