//! The accounts that are funded at genesis. Their keys are public.

use std::sync::LazyLock;

use alloy::{
    primitives::{Address, B256, U256, address, b256},
    signers::local::PrivateKeySigner,
};
use coins_bip32::xkeys::{Parent, XPriv};
use coins_bip39::{English, Mnemonic, MnemonicError};

/// The account that every Nitro dev chain starts with.
pub const DEV_ADDRESS: Address = address!("3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

/// The key of [`DEV_ADDRESS`].
pub const DEV_KEY: B256 = b256!("b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659");

/// The mnemonic of the accounts besides the dev account, that of Anvil and Hardhat.
pub const DEFAULT_MNEMONIC: &str = "test test test test test test test test test test test junk";

/// Derivation path of the accounts of a mnemonic, without their index.
pub(crate) const DERIVATION_PATH: &str = "m/44'/60'/0'/0";

/// Initial balance of the dev account: 1000 ether in wei.
pub(crate) const DEV_BALANCE: U256 = U256::from_limbs([3_875_820_019_684_212_736, 54, 0, 0]);

/// The key from which those of [`DEFAULT_MNEMONIC`] are derived, which takes a while.
static DEFAULT_PARENT: LazyLock<Option<XPriv>> =
    LazyLock::new(|| parent_key(DEFAULT_MNEMONIC).ok());

/// An account with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Its private key.
    pub key: B256,
}

/// The dev account, then the first `more` accounts of a mnemonic.
///
/// # Errors
/// If it is no mnemonic of BIP-39 in English.
pub(crate) fn accounts(mnemonic: &str, more: u16) -> Result<Vec<Account>, MnemonicError> {
    let known = DEFAULT_PARENT.as_ref().filter(|_| mnemonic == DEFAULT_MNEMONIC);
    let parent = known.map_or_else(|| parent_key(mnemonic), |key| Ok(key.clone()))?;
    let dev = Account { address: DEV_ADDRESS, key: DEV_KEY };
    let derived = (0..more).map(|index| {
        let signer = PrivateKeySigner::from_signing_key(signing_key(&parent, index.into())?);
        Ok(Account { address: signer.address(), key: signer.to_bytes() })
    });
    [Ok(dev)].into_iter().chain(derived).collect()
}

/// The key from which the accounts of a mnemonic are derived.
fn parent_key(mnemonic: &str) -> Result<XPriv, MnemonicError> {
    Mnemonic::<English>::new_from_phrase(mnemonic)?.derive_key(DERIVATION_PATH, None)
}

/// The key of the account with an index.
fn signing_key(
    parent: &XPriv,
    index: u32,
) -> Result<coins_bip32::prelude::SigningKey, MnemonicError> {
    let child = parent.derive_child(index)?;
    let key: &coins_bip32::prelude::SigningKey = child.as_ref();
    Ok(key.clone())
}

#[cfg(test)]
mod tests {
    use alloy::primitives::utils::parse_ether;

    use super::*;

    #[test]
    fn the_dev_account_is_first_and_those_of_the_mnemonic_follow() {
        let accounts = accounts(DEFAULT_MNEMONIC, 2).unwrap();
        let signer = PrivateKeySigner::from_bytes(&DEV_KEY).unwrap();
        assert_eq!(signer.address(), DEV_ADDRESS);
        assert_eq!(accounts.len(), 3);
        assert_eq!(accounts[0].address, DEV_ADDRESS);
        // The first accounts of Anvil and Hardhat.
        assert_eq!(accounts[1].address, address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
        let key = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
        assert_eq!(accounts[1].key, key);
        assert_eq!(accounts[2].address, address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"));
        assert_eq!(DEV_BALANCE, parse_ether("1000").unwrap());
    }

    #[test]
    fn another_mnemonic_has_other_accounts() {
        let other = "abandon abandon abandon abandon abandon abandon abandon abandon abandon \
                     abandon abandon about";
        let accounts = accounts(other, 1).unwrap();
        assert_eq!(accounts[1].address, address!("9858EfFD232B4033E47d90003D41EC34EcaEda94"));
        assert!(super::accounts("test test", 1).is_err(), "too short");
    }
}
