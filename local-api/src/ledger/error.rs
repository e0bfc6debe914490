//! What can be wrong with a ledger, or with what is asked of it.

use std::io;
use std::path::PathBuf;

use crate::limit::Spending;

/// Why the ledger refuses, or fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    /// The file cannot be created.
    #[error("cannot create {}: {source}: check that its folder exists and can be written", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot use {}: {source}: check the file and the disk; no two daemons can use it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The database's error.
        source: rusqlite::Error,
    },
    /// The file is of another version.
    #[error("{} has version {found}, and this program knows version {known}: use the program that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version of this program.
        known: u32,
    },
    /// The file cannot be read or written now.
    #[error("cannot read or write the record of spending: {0}: check the disk")]
    Query(#[from] rusqlite::Error),
    /// The key was used for another request.
    #[error("this idempotency key was used for another request: use a new key for a new request")]
    KeyReused,
    /// The limit of the token would be passed.
    #[error(
        "this may cost {wanted} wei, and the token has {} wei left: it spent {} and reserved {} of {}",
        spending.left(), spending.spent, spending.reserved, spending.limit
    )]
    OverLimit {
        /// What it may cost.
        wanted: u128,
        /// What the token has spent before.
        spending: Spending,
    },
}
