//! Keys for messages: secp256k1, public as the x coordinate alone, as they are on chain.

use std::fmt::{self, Debug, Formatter};

use alloy::primitives::{Address, B256};
use alloy::signers::k256::ecdsa::VerifyingKey;
use alloy::signers::local::PrivateKeySigner;
use nostr::key::{Keys, PublicKey, SecretKey};

use crate::error::MessageError;

/// The secret key of somebody who sends and receives messages.
#[derive(Clone)]
pub struct MessageKey(Keys);

impl MessageKey {
    /// The key of an account: what it registers unless told otherwise.
    ///
    /// # Errors
    /// [`MessageError::Key`], for no key that an account can have.
    pub fn from_signer(account: &PrivateKeySigner) -> Result<Self, MessageError> {
        Self::from_bytes(account.to_bytes())
    }

    /// The key with this secret.
    ///
    /// # Errors
    /// [`MessageError::Key`] for zero and for what is beyond the curve's order.
    pub fn from_bytes(secret: B256) -> Result<Self, MessageError> {
        let secret = SecretKey::from_slice(secret.as_slice());
        Ok(Self(Keys::new(secret.map_err(|error| MessageError::Key(error.into()))?)))
    }

    /// A fresh one that says nothing of its owner.
    #[must_use]
    pub fn random() -> Self {
        Self(Keys::generate())
    }

    /// What others encrypt to, and what a message's sender is known by.
    #[must_use]
    pub fn public(&self) -> B256 {
        B256::new(self.0.public_key().to_bytes())
    }

    /// The secret, to be kept for a restart.
    #[must_use]
    pub fn to_bytes(&self) -> B256 {
        B256::new(self.0.secret_key().to_secret_bytes())
    }

    /// As the wire's library has it.
    pub(crate) const fn keys(&self) -> &Keys {
        &self.0
    }
}

impl Debug for MessageKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessageKey").field(&self.public()).finish()
    }
}

/// The two accounts that the holder of a key controls: one for each point with this x coordinate. None if
/// there is no such point.
#[must_use]
pub fn accounts_of(key: B256) -> Option<[Address; 2]> {
    let account = |parity: u8| {
        let point = [&[parity], key.as_slice()].concat();
        VerifyingKey::from_sec1_bytes(&point).ok().map(|key| Address::from_public_key(&key))
    };
    Some([account(2)?, account(3)?])
}

/// As the wire's library has it.
pub(crate) fn public_key(key: B256) -> Result<PublicKey, MessageError> {
    let parsed = PublicKey::from_byte_array(key.0);
    // The library takes any 32 bytes; only a point can be encrypted to.
    parsed.xonly().map(|_| parsed).map_err(|_| MessageError::InvalidKey(key))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use alloy::signers::local::PrivateKeySigner;

    use super::{MessageKey, accounts_of, public_key};

    #[test]
    fn an_account_is_one_of_the_two_that_its_key_controls() {
        for _ in 0..8 {
            let account = PrivateKeySigner::random();
            let key = MessageKey::from_signer(&account).unwrap();
            let both = accounts_of(key.public()).unwrap();
            assert!(both.contains(&account.address()));
            assert_ne!(both[0], both[1]);
        }
    }

    #[test]
    fn what_is_no_point_is_no_key() {
        // The equation of the curve has no solution for this x.
        let nowhere = B256::with_last_byte(5);
        assert_eq!(accounts_of(nowhere), None);
        assert!(public_key(nowhere).is_err());
        assert!(MessageKey::from_bytes(B256::ZERO).is_err());
    }

    #[test]
    fn a_secret_reads_back_and_is_not_printed() {
        let key = MessageKey::random();
        assert_eq!(MessageKey::from_bytes(key.to_bytes()).unwrap().public(), key.public());
        let secret = format!("{:x}", key.to_bytes());
        assert!(!format!("{key:?}").contains(&secret));
    }
}
