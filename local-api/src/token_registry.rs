//! The tokens of a file that can change while it is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::token::{Token, TokenDigest};
use crate::token_file::{TokenFile, TokenFileError, Version};

/// A version of the file, and its tokens.
type ReadTokens = (Version, Arc<HashMap<TokenDigest, Arc<Token>>>);

/// The tokens of a file. Each request sees the file as it is then, so a token that was removed is refused at once.
#[derive(Debug)]
pub(crate) struct TokenRegistry {
    /// The file.
    file: TokenFile,
    /// What was read last.
    read: Mutex<ReadTokens>,
}

impl TokenRegistry {
    /// The tokens of a file.
    ///
    /// # Errors
    /// [`TokenFileError`].
    pub(crate) fn open(file: TokenFile) -> Result<Self, TokenFileError> {
        let read = Mutex::new(read(&file)?);
        Ok(Self { file, read })
    }

    /// The token that somebody shows; `None` if the file has no such token.
    ///
    /// # Errors
    /// [`TokenFileError`] if the file cannot be used any more: then no token is good.
    pub(crate) fn find(&self, shown: &str) -> Result<Option<Arc<Token>>, TokenFileError> {
        let version = self.file.version()?;
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != version {
            *known = read(&self.file)?;
        }
        Ok(known.1.get(&TokenDigest::of(shown)).cloned())
    }
}

/// Reads a file.
fn read(file: &TokenFile) -> Result<ReadTokens, TokenFileError> {
    // The version first: if the file changes meanwhile, it is read again.
    let version = file.version()?;
    let tokens = file.read()?.into_iter().map(|token| (token.digest, Arc::new(token)));
    Ok((version, Arc::new(tokens.collect())))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::limit::SpendingLimit;
    use crate::token::TokenSecret;

    #[test]
    fn a_token_that_is_removed_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile::new(folder.path().join("tokens.toml"));
        let (secret, other) = (TokenSecret::random(), TokenSecret::random());
        let token = |name: &str, secret: &TokenSecret| Token {
            name: name.to_owned(),
            digest: secret.digest(),
            rights: [].into(),
            limit: SpendingLimit::default(),
        };
        file.add(token("one", &secret)).unwrap();
        let registry = TokenRegistry::open(file.clone()).unwrap();
        assert_eq!(registry.find(secret.reveal()).unwrap().unwrap().name, "one");
        assert!(registry.find("").unwrap().is_none());
        file.add(token("other", &other)).unwrap();
        assert_eq!(registry.find(other.reveal()).unwrap().unwrap().name, "other");
        file.remove("one").unwrap();
        assert!(registry.find(secret.reveal()).unwrap().is_none());

        // While others could change the file, nobody is let in.
        set_permissions(file.path(), Permissions::from_mode(0o666)).unwrap();
        assert!(registry.find(other.reveal()).is_err());
        set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
        assert!(registry.find(other.reveal()).unwrap().is_some());
    }
}
