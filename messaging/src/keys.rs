//! Message keys: secp256k1, public as the x coordinate alone (BIP-340), as the chain registers them.

use std::fmt::{self, Debug, Formatter};

use alloy::primitives::{Address, B256};
use alloy::signers::k256::ecdsa::VerifyingKey;
use alloy::signers::local::PrivateKeySigner;
use nostr::key::{Keys, PublicKey, SecretKey};
use secrecy::SecretBox;

use crate::error::MessageError;

/// The secret key with which somebody sends and receives messages. `Debug` prints its public key only, and
/// dropping it erases the secret.
#[derive(Clone)]
pub struct MessageKey(Keys);

impl MessageKey {
    /// The key of an account, which the account registers by default.
    ///
    /// # Errors
    /// [`MessageError::Key`] if no account can have that secret.
    pub fn from_signer(account: &PrivateKeySigner) -> Result<Self, MessageError> {
        Self::from_bytes(&account.to_bytes())
    }

    /// The key with this secret.
    ///
    /// # Errors
    /// [`MessageError::Key`] if the secret is zero or not below the curve's order.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, MessageError> {
        let secret = SecretKey::from_slice(secret);
        Ok(Self(Keys::new(secret.map_err(|error| MessageError::Key(error.into()))?)))
    }

    /// A fresh random key.
    #[must_use]
    pub fn random() -> Self {
        Self(Keys::generate())
    }

    /// The public key: senders encrypt to it, and receivers know the sender by it.
    #[must_use]
    pub fn public(&self) -> B256 {
        B256::new(self.0.public_key().to_bytes())
    }

    /// The secret, for [`MessageKey::from_bytes`] after a restart.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBox<[u8; 32]> {
        SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
            *bytes = self.0.secret_key().to_secret_bytes();
        })
    }

    /// The key as the `nostr` crate has it.
    pub(crate) const fn keys(&self) -> &Keys {
        &self.0
    }
}

impl Debug for MessageKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MessageKey").field(&self.public()).finish()
    }
}

/// The two accounts that the holder of a key controls, one for each point with this x coordinate. `None` if there
/// is no such point.
#[must_use]
pub fn accounts_of(key: B256) -> Option<[Address; 2]> {
    let account = |parity: u8| {
        let point = [&[parity], key.as_slice()].concat();
        VerifyingKey::from_sec1_bytes(&point).ok().map(|key| Address::from_public_key(&key))
    };
    Some([account(2)?, account(3)?])
}

/// The key as the `nostr` crate has it.
pub(crate) fn public_key(key: B256) -> Result<PublicKey, MessageError> {
    let parsed = PublicKey::from_byte_array(key.0);
    // The crate accepts any 32 bytes, but only a point can be encrypted to.
    parsed.xonly().map(|_| parsed).map_err(|_| MessageError::InvalidKey(key))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use alloy::signers::local::PrivateKeySigner;
    use secrecy::ExposeSecret;

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
    fn an_x_coordinate_without_a_point_is_not_a_key() {
        // The curve's equation has no solution for this x.
        let nowhere = B256::with_last_byte(5);
        assert_eq!(accounts_of(nowhere), None);
        assert!(public_key(nowhere).is_err());
        assert!(MessageKey::from_bytes(&B256::ZERO).is_err());
    }

    #[test]
    fn a_secret_key_round_trips_and_is_not_printed() {
        let key = MessageKey::random();
        let bytes = key.to_bytes();
        let again = MessageKey::from_bytes(bytes.expose_secret()).unwrap();
        assert_eq!(again.public(), key.public());
        let secret = alloy::hex::encode(bytes.expose_secret());
        for printed in [format!("{key:?}"), format!("{bytes:?}")] {
            assert!(!printed.contains(&secret));
        }
    }
}
