//! The file of tokens: names, digests, rights and limits, readable by its owner alone.

use std::collections::BTreeSet;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::limit::{Period, SpendingLimit};
use crate::right::Right;
use crate::token::{Token, TokenDigest, TokenDigestError};
use crate::wei::Wei;

/// The mode of the file.
const MODE: u32 = 0o600;

/// The bits of a mode that let others than the owner in.
const OTHERS: u32 = 0o077;

/// Why a file of tokens cannot be used. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFileError {
    /// There is no such file.
    #[error("there is no file of tokens {}: make one with `muster client token add NAME`", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("cannot read the file of tokens {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the file of tokens {}: {source}: check its folder and the disk", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is a folder, a pipe or something else.
    #[error("{} is no regular file: name the file of tokens", .0.display())]
    NotFile(PathBuf),
    /// Others can read or change it.
    #[error("{} has mode {mode:04o}, so others than its owner can use it: `chmod 600 {}`", path.display(), path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Somebody else owns it, and could change it.
    #[error("{} belongs to user {owner}, not to the user {user} that runs this: `chown {user} {}`", path.display(), path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// The file's owner.
        owner: u32,
        /// The user of this process.
        user: u32,
    },
    /// It is no TOML, or has other fields.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<toml::de::Error>,
    },
    /// A digest that is none.
    #[error("{}, token {name}: {source}", path.display())]
    Digest {
        /// The file.
        path: PathBuf,
        /// The token.
        name: String,
        /// What is wrong.
        source: TokenDigestError,
    },
    /// Two tokens with the same name or the same digest.
    #[error("{}: there are two tokens called {name}, or with its digest: remove one", path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The name of the second one.
        name: String,
    },
    /// No token has this name.
    #[error("no token is called {name} in {}: see `muster client token list`", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

/// The content of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// The tokens.
    #[serde(default, rename = "token")]
    tokens: Vec<Entry>,
}

/// A token as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its name.
    name: String,
    /// Its digest.
    digest: String,
    /// Its rights.
    rights: BTreeSet<Right>,
    /// The most that it may spend.
    #[serde(default)]
    limit: Wei,
    /// In which time.
    #[serde(default)]
    per: Period,
}

/// What tells whether a file is the one that was read: device, inode, size, and the time of its last change.
pub(crate) type Version = (u64, u64, u64, i64, i64);

/// A file of tokens.
#[derive(Clone, Debug)]
pub struct TokenFile {
    /// Where it is.
    path: PathBuf,
}

impl TokenFile {
    /// The file at a path, which need not exist.
    #[must_use]
    pub const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its tokens.
    ///
    /// # Errors
    /// [`TokenFileError`]; a file that others can use is refused, whatever it says.
    pub fn read(&self) -> Result<Vec<Token>, TokenFileError> {
        self.check()?;
        let failed = |source| TokenFileError::Read { path: self.path.clone(), source };
        let text = fs::read_to_string(&self.path).map_err(failed)?;
        let content: Content = toml::from_str(&text).map_err(|source| {
            let (path, source) = (self.path.clone(), Box::new(source));
            TokenFileError::Syntax { path, source }
        })?;
        let mut tokens: Vec<Token> = Vec::new();
        for Entry { name, digest, rights, limit, per } in content.tokens {
            let digest: TokenDigest = digest.parse().map_err(|source| {
                let (path, name) = (self.path.clone(), name.clone());
                TokenFileError::Digest { path, name, source }
            })?;
            if tokens.iter().any(|other| other.name == name || other.digest == digest) {
                return Err(TokenFileError::Twice { path: self.path.clone(), name });
            }
            let limit = SpendingLimit { most: limit.0, period: per };
            tokens.push(Token { name, digest, rights, limit });
        }
        Ok(tokens)
    }

    /// Adds a token. A file that does not exist is created, readable by its owner alone.
    ///
    /// # Errors
    /// [`TokenFileError`], with [`TokenFileError::Twice`] if the name is taken.
    pub fn add(&self, token: Token) -> Result<(), TokenFileError> {
        let mut tokens = match self.read() {
            Err(TokenFileError::Missing(_)) => Vec::new(),
            read => read?,
        };
        if tokens.iter().any(|other| other.name == token.name) {
            return Err(TokenFileError::Twice { path: self.path.clone(), name: token.name });
        }
        tokens.push(token);
        self.write(&tokens)
    }

    /// Removes a token, and returns what it was.
    ///
    /// # Errors
    /// [`TokenFileError`], with [`TokenFileError::NoToken`] if no token has this name.
    pub fn remove(&self, name: &str) -> Result<Token, TokenFileError> {
        let mut tokens = self.read()?;
        let Some(index) = tokens.iter().position(|token| token.name == name) else {
            return Err(TokenFileError::NoToken { path: self.path.clone(), name: name.to_owned() });
        };
        let removed = tokens.remove(index);
        self.write(&tokens)?;
        Ok(removed)
    }

    /// Which version of the file is there now.
    pub(crate) fn version(&self) -> Result<Version, TokenFileError> {
        let metadata = self.metadata()?;
        let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
        Ok((metadata.dev(), metadata.ino(), metadata.size(), seconds, nanoseconds))
    }

    /// What the system says of the file.
    fn metadata(&self) -> Result<Metadata, TokenFileError> {
        fs::metadata(&self.path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => TokenFileError::Missing(self.path.clone()),
            _ => TokenFileError::Read { path: self.path.clone(), source },
        })
    }

    /// Whether nobody but the user of this process can use the file.
    fn check(&self) -> Result<(), TokenFileError> {
        let (metadata, path) = (self.metadata()?, || self.path.clone());
        if !metadata.is_file() {
            return Err(TokenFileError::NotFile(path()));
        }
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        if mode & OTHERS != 0 {
            return Err(TokenFileError::Mode { path: path(), mode });
        }
        let user = rustix::process::geteuid().as_raw();
        if owner != user {
            return Err(TokenFileError::Owner { path: path(), owner, user });
        }
        Ok(())
    }

    /// Writes the file, which is whole at every moment.
    fn write(&self, tokens: &[Token]) -> Result<(), TokenFileError> {
        let entry = |token: &Token| Entry {
            name: token.name.clone(),
            digest: token.digest.to_string(),
            rights: token.rights.clone(),
            limit: Wei(token.limit.most),
            per: token.limit.period,
        };
        let content = Content { tokens: tokens.iter().map(entry).collect() };
        let mut part = self.path.clone().into_os_string();
        part.push(".part");
        let write = || -> io::Result<()> {
            let text = toml::to_string(&content).map_err(io::Error::other)?;
            let mut options = OpenOptions::new();
            let mut file =
                options.create(true).write(true).truncate(true).mode(MODE).open(&part)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, &self.path)
        };
        write().map_err(|source| TokenFileError::Write { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests;
