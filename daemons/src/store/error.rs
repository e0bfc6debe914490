//! What can be wrong with a state file.

use std::io;
use std::path::PathBuf;

use alloy::primitives::B256;
use rusqlite::ErrorCode;

/// Why a state file could not be opened, read or written. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be created.
    #[error("cannot create the state file {}: {source}: check that its folder exists and can be written", path.display())]
    Create {
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file cannot be opened, read or written.
    #[error("cannot use the state file {}: {source}: check the file and the disk, or choose another file", path.display())]
    File {
        /// The file's path.
        path: PathBuf,
        /// The database's error.
        source: rusqlite::Error,
    },
    /// A query on the open file failed.
    #[error("cannot read or write the state file: {0}: check that the disk has space and works")]
    Query(#[from] rusqlite::Error),
    /// The file belongs to another role, chain, market or account.
    #[error("the state file {} belongs to {theirs}, not to {ours}: choose another file", path.display())]
    IdentityMismatch {
        /// The file's path.
        path: PathBuf,
        /// The identity in the file.
        theirs: Box<str>,
        /// The identity that opens it.
        ours: Box<str>,
    },
    /// The file belongs to a market on another chain of the same id.
    #[error(
        "the state file {} belongs to a market that was created in block {theirs}, and the one at this address was created in {ours}: \
         the chain was started anew, so choose another file, or move this one away",
        path.display()
    )]
    OtherMarket {
        /// The file's path.
        path: PathBuf,
        /// The hash of the block in the file.
        theirs: B256,
        /// The hash of the block on the chain.
        ours: B256,
    },
    /// Another process has the file open.
    #[error("the state file {} is in use by another process: stop that process, or choose another file", .0.display())]
    InUse(PathBuf),
    /// Another version of the program wrote the file.
    #[error("the state file {} has version {found}, and this program reads version {known}: run the release that wrote it", path.display())]
    Version {
        /// The file's path.
        path: PathBuf,
        /// The file's version.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
}

impl StoreError {
    /// Whether the disk is full or fails: nothing was written, and the same works when the disk does.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        let Self::Query(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
    }
}
