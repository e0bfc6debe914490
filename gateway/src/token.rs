//! Access tokens: the claims of their holder and a MAC under the gateway's secret. No token is stored.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString, zeroize::Zeroizing};
use sha2::Sha256;

/// The header for a token when the service needs `authorization` itself.
pub const TOKEN_HEADER: &str = "x-muster-token";

/// The prefix of every token, by which logs find tokens to redact.
pub(crate) const TOKEN_PREFIX: &str = "muster_";

/// Prefix of the MAC's input, so that the secret can authenticate other things too.
const DOMAIN_SEPARATOR: &[u8] = b"muster gateway token 1";

/// Bytes of a MAC.
const MAC_BYTES: usize = 32;

/// Bytes of a block of SHA-256, to which HMAC pads its key with zeros.
const BLOCK_BYTES: usize = 64;

/// Bytes of encoded claims: agreement, key, expiry.
const CLAIMS_BYTES: usize = 20 + 32 + 8;

/// What a token says about its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claims {
    /// Address of the agreement that the token is for.
    pub agreement: [u8; 20],
    /// The holder: a public key, an address padded with zeros on the left, or whatever else the
    /// [`crate::Authorizer`] identifies holders by.
    pub key: [u8; 32],
    /// The Unix second from which the token is invalid.
    pub expires_at: u64,
}

impl Claims {
    /// The fields in order, integers big endian.
    fn encode(&self) -> [u8; CLAIMS_BYTES] {
        let mut bytes = [0; CLAIMS_BYTES];
        let parts =
            self.agreement.iter().chain(&self.key).copied().chain(self.expires_at.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The inverse of [`Self::encode`].
    fn decode(bytes: &[u8; CLAIMS_BYTES]) -> Option<Self> {
        let (agreement, rest) = bytes.split_first_chunk()?;
        let (key, expires) = rest.split_first_chunk()?;
        let expires = u64::from_be_bytes(*expires.first_chunk()?);
        Some(Self { agreement: *agreement, key: *key, expires_at: expires })
    }
}

/// A bearer token. `Debug` does not print it, and its memory is zeroed on drop.
#[derive(Clone, Debug)]
pub struct Token(SecretString);

impl Token {
    /// The text to hand to the holder: ASCII alphanumerics and `_`.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The 32 random bytes that authenticate tokens.
///
/// Tokens stay valid across a restart if the owner keeps the secret; another secret invalidates them all.
/// Clones share one copy, which `Debug` does not print and which is zeroed when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Secret(Arc<SecretBox<[u8; 32]>>);

impl Secret {
    /// A secret of these bytes, which must be random and known to the gateway's owner only.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// Issues a token with these claims. Equal claims give equal tokens.
    #[must_use]
    pub fn issue(&self, claims: &Claims) -> Token {
        let bytes = claims.encode();
        let mac: [u8; MAC_BYTES] = self.mac(&bytes).finalize().into_bytes().into();
        let [claims, mac] = [const_hex::encode(bytes), const_hex::encode(mac)];
        Token(format!("{TOKEN_PREFIX}{claims}{mac}").into())
    }

    /// The claims of a token, expired or not; `None` if this secret did not issue it. The MAC is compared in
    /// constant time.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let bytes: [u8; CLAIMS_BYTES + MAC_BYTES] =
            const_hex::decode_to_array(token.strip_prefix(TOKEN_PREFIX)?).ok()?;
        let (claims, mac) = bytes.split_first_chunk::<CLAIMS_BYTES>()?;
        self.mac(claims).verify_slice(mac).ok()?;
        Claims::decode(claims)
    }

    /// The MAC state over encoded claims, to finalize or to verify.
    fn mac(&self, claims: &[u8; CLAIMS_BYTES]) -> Hmac<Sha256> {
        let mut key = Zeroizing::new([0; BLOCK_BYTES]);
        key.iter_mut().zip(self.0.expose_secret()).for_each(|(to, from)| *to = *from);
        Hmac::new((&*key).into()).chain_update(DOMAIN_SEPARATOR).chain_update(claims)
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
    fn debug_prints_neither_token_nor_secret() {
        let secret = Secret::new([0xab; 32]);
        let token = secret.issue(&CLAIMS);
        assert_eq!(
            format!("{secret:?} {token:?}"),
            "Secret(SecretBox<[u8; 32]>([REDACTED])) Token(SecretBox<str>([REDACTED]))"
        );
    }
}
