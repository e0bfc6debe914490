//! What can be wrong with a database.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a database could not be opened, read or written. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file, or its lock, cannot be created.
    #[error("cannot create {}: {source}: check that its folder exists and can be written", path.display())]
    Create {
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file cannot be opened.
    #[error("cannot use the database {}: {source}: check the file and the disk, or choose another file", path.display())]
    File {
        /// The file's path.
        path: PathBuf,
        /// The database's error.
        source: rusqlite::Error,
    },
    /// Another process writes the database.
    #[error(
        "another index writes the database {0} already: stop that process, or choose another database"
    )]
    InUse(Box<str>),
    /// There is no database to read.
    #[error("there is no index at {}: run `muster index` with this database first", .0.display())]
    Missing(PathBuf),
    /// Another version of the program wrote the database.
    #[error(
        "the database {database} has version {found}, and this program knows versions up to {known}: run the release that wrote \
         it, or choose another database and index again"
    )]
    Version {
        /// The database.
        database: Box<str>,
        /// The version of its tables.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// A query failed.
    #[error("cannot read or write the index: {0}: check that the disk has space and works")]
    Query(#[from] rusqlite::Error),
    /// A row has another value than was written.
    #[error(
        "the index is damaged: column {column} of a row is no {expected}: delete the database and index again"
    )]
    Damaged {
        /// The column, from 0.
        column: usize,
        /// What it should be.
        expected: &'static str,
    },
    /// A transaction ended without an answer.
    #[error("the database did not run the transaction: try again")]
    NoAnswer,
}

impl DatabaseError {
    /// Whether the disk is full or fails, or the database is busy: nothing was written, and the same may work later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        let Self::Query(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
            )
        )
    }
}
