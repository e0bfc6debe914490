//! Tokens: who may come in, said by the gateway's owner to itself. A token is its own record, sealed with
//! the owner's secret, so that none is stored anywhere.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac, digest::Key};
use sha2::Sha256;

/// The header that carries a token when the service wants `authorization` for itself.
pub const TOKEN_HEADER: &str = "x-muster-token";

/// What every token begins with, so that it is known wherever it turns up.
pub(crate) const TOKEN_PREFIX: &str = "muster_";

/// What is sealed besides the guest, so that the secret can seal other things too.
const DOMAIN_SEPARATOR: &[u8] = b"muster gateway token 1";

/// Bytes of a seal.
const MAC_BYTES: usize = 32;

/// Bytes of a guest: agreement, key, expiry.
const CLAIMS_BYTES: usize = 20 + 32 + 8;

/// Somebody with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claims {
    /// The agreement that the token is for.
    pub agreement: [u8; 20],
    /// The public key that it was given to, or an address with zeros before it: whatever the door knows
    /// people by.
    pub key: [u8; 32],
    /// Second of Unix time from which on the token is good for nothing.
    pub expires_at: u64,
}

impl Claims {
    /// What is sealed: the fields, in order, big endian.
    fn encode(&self) -> [u8; CLAIMS_BYTES] {
        let mut bytes = [0; CLAIMS_BYTES];
        let parts =
            self.agreement.iter().chain(&self.key).copied().chain(self.expires_at.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The opposite of [`Self::bytes`].
    fn decode(bytes: &[u8; CLAIMS_BYTES]) -> Option<Self> {
        let (agreement, rest) = bytes.split_first_chunk()?;
        let (key, expires) = rest.split_first_chunk()?;
        let expires = u64::from_be_bytes(*expires.first_chunk()?);
        Some(Self { agreement: *agreement, key: *key, expires_at: expires })
    }
}

/// What a guest shows to come in. Only [`Self::reveal`] tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// The text, for the guest and nobody else; letters, digits and `_`.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What seals tokens: 32 random bytes that only the gateway's owner has. Tokens outlive a restart if it
/// does; with another secret all of them are void.
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A secret of these random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A token for a guest. The same guest always gets the same one.
    #[must_use]
    pub fn issue(&self, claims: &Claims) -> Token {
        let bytes = claims.encode();
        let mac: [u8; MAC_BYTES] = self.mac(&bytes).finalize().into_bytes().into();
        let text = [const_hex::encode(bytes), const_hex::encode(mac)].concat();
        Token(format!("{TOKEN_PREFIX}{text}").into())
    }

    /// Whose token this is, expired or not; `None` if it is not one of ours.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let bytes: [u8; CLAIMS_BYTES + MAC_BYTES] =
            const_hex::decode_to_array(token.strip_prefix(TOKEN_PREFIX)?).ok()?;
        let (claims, mac) = bytes.split_first_chunk::<CLAIMS_BYTES>()?;
        self.mac(claims).verify_slice(mac).ok()?;
        Claims::decode(claims)
    }

    /// The seal of a guest, to be taken or compared.
    fn mac(&self, claims: &[u8; CLAIMS_BYTES]) -> Hmac<Sha256> {
        // A key shorter than a block is one with zeros behind it.
        let mut key = Key::<Hmac<Sha256>>::default();
        key.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        Hmac::new(&key).chain_update(DOMAIN_SEPARATOR).chain_update(claims)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims = Claims { agreement: [7; 20], key: [9; 32], expires_at: 1_700_000_000 };

    #[test]
    fn a_token_verifies_after_a_restart() {
        let token = Secret::new([1; 32]).issue(&CLAIMS);
        assert_eq!(Secret::new([1; 32]).verify(token.reveal()), Some(CLAIMS));
    }

    #[test]
    fn a_token_of_another_secret_is_invalid() {
        let token = Secret::new([1; 32]).issue(&CLAIMS);
        assert_eq!(Secret::new([2; 32]).verify(token.reveal()), None);
    }

    #[test]
    fn a_token_with_any_digit_changed_is_invalid() {
        let secret = Secret::new([1; 32]);
        let token = secret.issue(&CLAIMS);
        for (at, old) in token.reveal().char_indices() {
            let mut forged = token.reveal().to_owned();
            forged.replace_range(at..=at, if old == '0' { "1" } else { "0" });
            assert_eq!(secret.verify(&forged), None, "at {at}");
        }
    }

    #[test]
    fn a_text_of_another_length_is_no_token() {
        let secret = Secret::new([1; 32]);
        let token = secret.issue(&CLAIMS);
        for text in ["", TOKEN_PREFIX, &token.reveal()[..60], &format!("{}00", token.reveal())] {
            assert_eq!(secret.verify(text), None, "{text}");
        }
    }

    #[test]
    fn neither_token_nor_secret_is_in_what_is_printed_for_debugging() {
        let secret = Secret::new([0xab; 32]);
        let token = secret.issue(&CLAIMS);
        assert_eq!(format!("{secret:?} {token:?}"), "Secret(..) Token(..)");
    }
}
