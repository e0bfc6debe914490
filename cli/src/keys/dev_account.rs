//! Accounts of dev chains by name. Everybody knows their keys.

use std::str::FromStr;

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;

use crate::error::{CliError, KeyError};

/// Chains on which somebody would rob accounts with well-known keys: Ethereum, Arbitrum One, Nova, and Sepolia.
const PUBLIC_CHAINS: [u64; 4] = [1, 42_161, 42_170, 421_614];

/// An account of a dev chain.
#[derive(Clone, Debug)]
pub(crate) struct DevAccount {
    /// The name, with its `dev`.
    name: Box<str>,
    /// What it signs with.
    signer: PrivateKeySigner,
}

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
        let signer = PrivateKeySigner::from_bytes(&key).map_err(|_| DevAccountError)?;
        Ok(Self { name: text.into(), signer })
    }
}

impl DevAccount {
    /// The account that the dev chain funds.
    ///
    /// # Errors
    /// [`KeyError::NoAccount`] if the dev chain's key is no key, which cannot be.
    pub(crate) fn funded() -> Result<Self, CliError> {
        "dev".parse().map_err(|_| KeyError::NoAccount.into())
    }

    /// The account's name: `dev`, or `dev:` and a word.
    pub(crate) const fn name(&self) -> &str {
        &self.name
    }

    /// The account's address.
    pub(crate) const fn address(&self) -> Address {
        self.signer.address()
    }

    /// What it signs with.
    pub(crate) const fn signer(&self) -> &PrivateKeySigner {
        &self.signer
    }
}

/// Refuses dev accounts on chains where money is real.
///
/// # Errors
/// [`KeyError::DevAccountOnPublicChain`].
pub(crate) fn ensure_chain_is_private(chain_id: u64) -> Result<(), CliError> {
    if PUBLIC_CHAINS.contains(&chain_id) {
        return Err(KeyError::DevAccountOnPublicChain(chain_id).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::{DevAccount, DevAccountError, ensure_chain_is_private};

    #[test]
    fn dev_accounts_go_by_name() {
        let address = |name: &str| name.parse::<DevAccount>().map(|account| account.address());
        assert_eq!(address("dev"), Ok(address!("0x3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E")));
        assert_eq!("dev:alice".parse::<DevAccount>().unwrap().name(), "dev:alice");
        assert_eq!(DevAccount::funded().unwrap().address(), address("dev").unwrap());
        assert_eq!(address("dev:alice"), address("dev:alice"));
        assert_ne!(address("dev:alice"), address("dev:bob"));
        for wrong in ["", "alice", "dev:", "device", "0x12"] {
            assert_eq!(address(wrong), Err(DevAccountError), "{wrong}");
        }
    }

    #[test]
    fn dev_accounts_are_refused_where_money_is_real() {
        assert!(ensure_chain_is_private(stylus_devnode::CHAIN_ID).is_ok());
        for chain in [1, 42_161, 42_170, 421_614] {
            assert!(ensure_chain_is_private(chain).is_err(), "{chain}");
        }
    }
}
