//! The accounts that are funded at genesis. Their keys are public.

use alloy::{
    primitives::{Address, B256, U256, address, b256, keccak256},
    signers::local::PrivateKeySigner,
};

/// The account that every Nitro dev chain starts with.
pub const DEV_ADDRESS: Address = address!("3f1Eae7D46d88F08fc2F8ed27FCb2AB183EB2d0E");

/// The key of [`DEV_ADDRESS`].
pub const DEV_KEY: B256 = b256!("b6b15c8cb491557369f3c7d2c287b053eb229daa9c22138887752191c9520659");

/// Initial balance of each account: 1000 ether in wei.
pub(crate) const DEV_BALANCE: U256 = U256::from_limbs([3_875_820_019_684_212_736, 54, 0, 0]);

/// An account with its key.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// Its private key.
    pub key: B256,
}

/// The dev account, then `more` accounts whose keys are hashes of their number.
pub(crate) fn accounts(more: u16) -> Vec<Account> {
    let keys = (1..=more).map(|number| keccak256(format!("devnode account {number}")));
    let account = |key: B256| {
        let signer = PrivateKeySigner::from_bytes(&key).ok()?;
        Some(Account { address: signer.address(), key })
    };
    [DEV_KEY].into_iter().chain(keys).filter_map(account).collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::utils::parse_ether;

    use super::*;

    #[test]
    fn the_dev_account_is_first_and_the_others_differ() {
        let accounts = accounts(3);
        assert_eq!(accounts[0].address, DEV_ADDRESS);
        assert_eq!(accounts.len(), 4);
        assert_ne!(accounts[1].address, accounts[2].address);
        assert_eq!(DEV_BALANCE, parse_ether("1000").unwrap());
    }
}
