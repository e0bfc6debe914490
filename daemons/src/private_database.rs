//! `SQLite` files that one process has for itself.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseOpenError {
    /// The file cannot be created.
    #[error(transparent)]
    Create(io::Error),
    /// The file is no database, cannot be used, or is in use by another process.
    #[error(transparent)]
    Open(rusqlite::Error),
}

/// Opens the file at `path` for this process alone, until the connection is dropped. A file that does not exist is created,
/// readable by its owner only. Every commit waits for the disk (WAL with `synchronous = FULL`).
///
/// # Errors
/// [`DatabaseOpenError`].
pub fn open_private_database(path: &Path) -> Result<Connection, DatabaseOpenError> {
    let created = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    created.map_err(DatabaseOpenError::Create)?;
    open_exclusive(path).map_err(DatabaseOpenError::Open)
}

/// Makes every commit wait for the disk, and locks the file for this process.
fn open_exclusive(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
    Ok(connection)
}
