//! Tokens: who may come in, said by the gateway's owner to itself. A token is its own record, sealed with
//! the owner's secret, so that none is stored anywhere.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac, digest::Key};
use sha2::Sha256;

/// The header that carries a token when the service filter_matches `authorization` for itself.
pub const TOKEN: &str = "x-muster-token";

/// What every token begins with, so that it is known wherever it turns up.
pub(crate) const MARK: &str = "muster_";

/// What is sealed besides the guest, so that the secret can seal other things too.
const PURPOSE: &[u8] = b"muster gateway token 1";

/// Bytes of a seal.
const SEAL: usize = 32;

/// Bytes of a guest: agreement, key, expiry.
const GUEST: usize = 20 + 32 + 8;

/// Somebody with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Guest {
    /// The agreement that the token is for.
    pub agreement: [u8; 20],
    /// The public key that it was given to, or an address with zeros before it: whatever the door knows
    /// people by.
    pub key: [u8; 32],
    /// Second of Unix time from which on the token is good for nothing.
    pub expires: u64,
}

impl Guest {
    /// What is sealed: the fields, in order, big endian.
    fn bytes(&self) -> [u8; GUEST] {
        let mut bytes = [0; GUEST];
        let parts =
            self.agreement.iter().chain(&self.key).copied().chain(self.expires.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The opposite of [`Self::bytes`].
    fn read(bytes: &[u8; GUEST]) -> Option<Self> {
        let (agreement, rest) = bytes.split_first_chunk()?;
        let (key, expires) = rest.split_first_chunk()?;
        let expires = u64::from_be_bytes(*expires.first_chunk()?);
        Some(Self { agreement: *agreement, key: *key, expires })
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
    pub fn issue(&self, guest: &Guest) -> Token {
        let bytes = guest.bytes();
        let seal: [u8; SEAL] = self.seal(&bytes).finalize().into_bytes().into();
        let text = [const_hex::encode(bytes), const_hex::encode(seal)].concat();
        Token(format!("{MARK}{text}").into())
    }

    /// Whose token this is, expired or not; `None` if it is not one of ours.
    pub(crate) fn open(&self, token: &str) -> Option<Guest> {
        let bytes: [u8; GUEST + SEAL] =
            const_hex::decode_to_array(token.strip_prefix(MARK)?).ok()?;
        let (guest, seal) = bytes.split_first_chunk::<GUEST>()?;
        self.seal(guest).verify_slice(seal).ok()?;
        Guest::read(guest)
    }

    /// The seal of a guest, to be taken or compared.
    fn seal(&self, guest: &[u8; GUEST]) -> Hmac<Sha256> {
        // A key shorter than a block is one with zeros behind it.
        let mut key = Key::<Hmac<Sha256>>::default();
        key.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        Hmac::new(&key).chain_update(PURPOSE).chain_update(guest)
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

    const GUEST: Guest = Guest { agreement: [7; 20], key: [9; 32], expires: 1_700_000_000 };

    #[test]
    fn a_token_tells_its_guest_after_a_restart() {
        let token = Secret::new([1; 32]).issue(&GUEST);
        assert_eq!(Secret::new([1; 32]).open(token.reveal()), Some(GUEST));
    }

    #[test]
    fn a_token_of_another_secret_is_none() {
        let token = Secret::new([1; 32]).issue(&GUEST);
        assert_eq!(Secret::new([2; 32]).open(token.reveal()), None);
    }

    #[test]
    fn a_token_with_any_digit_changed_is_none() {
        let secret = Secret::new([1; 32]);
        let token = secret.issue(&GUEST);
        for (at, old) in token.reveal().char_indices() {
            let mut forged = token.reveal().to_owned();
            forged.replace_range(at..=at, if old == '0' { "1" } else { "0" });
            assert_eq!(secret.open(&forged), None, "at {at}");
        }
    }

    #[test]
    fn a_text_of_another_length_is_no_token() {
        let secret = Secret::new([1; 32]);
        let token = secret.issue(&GUEST);
        for text in ["", MARK, &token.reveal()[..60], &format!("{}00", token.reveal())] {
            assert_eq!(secret.open(text), None, "{text}");
        }
    }

    #[test]
    fn neither_token_nor_secret_is_in_what_is_printed_for_debugging() {
        let secret = Secret::new([0xab; 32]);
        let token = secret.issue(&GUEST);
        assert_eq!(format!("{secret:?} {token:?}"), "Secret(..) Token(..)");
    }
}
