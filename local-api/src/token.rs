//! Tokens, and what is kept of them.

use std::collections::BTreeSet;
use std::fmt::{self, Debug, Display, Formatter};
use std::str::FromStr;

use rand::RngCore;
use sha2::{Digest, Sha256};

use crate::limit::SpendingLimit;
use crate::right::Right;

/// How every token begins, so that scanners find one that was published.
const PREFIX: &str = "muster_";

/// How the digest of a token begins in a file.
const DIGEST_PREFIX: &str = "sha256:";

/// A token, as its holder shows it.
pub struct TokenSecret(String);

/// What is kept of a token: its SHA-256. Tokens are random, so nobody finds one by its digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest(pub(crate) [u8; 32]);

/// The error of a text that is no digest of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the digest of a token is `sha256:` and 64 hexadecimal digits, as `muster client token add` writes it"
)]
pub struct TokenDigestError;

/// A token's name, rights and limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What people call it; no other token of the file has this name.
    pub name: String,
    /// What is kept of it.
    pub digest: TokenDigest,
    /// What its holder may do.
    pub rights: BTreeSet<Right>,
    /// How much its holder may spend; nothing by default.
    pub limit: SpendingLimit,
}

impl TokenSecret {
    /// A token that nobody knows.
    #[must_use]
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(format!("{PREFIX}{}", const_hex::encode(bytes)))
    }

    /// The token itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }
}

impl Debug for TokenSecret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret")
    }
}

impl TokenDigest {
    /// The digest of what somebody shows.
    #[must_use]
    pub fn of(shown: &str) -> Self {
        Self(Sha256::digest(shown).into())
    }
}

impl Display for TokenDigest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{DIGEST_PREFIX}{}", const_hex::encode(self.0))
    }
}

impl Debug for TokenDigest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl FromStr for TokenDigest {
    type Err = TokenDigestError;

    fn from_str(text: &str) -> Result<Self, TokenDigestError> {
        let digits = text.strip_prefix(DIGEST_PREFIX).ok_or(TokenDigestError)?;
        const_hex::decode_to_array(digits).map(Self).map_err(|_| TokenDigestError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_random_and_its_digest_does_not_show_it() {
        let (one, other) = (TokenSecret::random(), TokenSecret::random());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(one.reveal().len(), PREFIX.len() + 64);
        let digest = one.digest().to_string();
        assert!(!digest.contains(one.reveal().strip_prefix(PREFIX).unwrap()));
        assert_eq!(digest.parse(), Ok(one.digest()));
        assert_eq!(format!("{one:?}"), "TokenSecret");
        for wrong in ["", "sha256:", "sha256:00", one.reveal()] {
            assert_eq!(wrong.parse::<TokenDigest>(), Err(TokenDigestError));
        }
    }
}
