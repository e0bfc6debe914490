//! The file of the ledger.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use muster_daemons::{DatabaseOpenError, open_private_database};
use rusqlite::Connection;

use super::error::LedgerError;

/// The version of the tables.
const SCHEMA_VERSION: u32 = 2;

/// Creates the tables.
const SCHEMA: &str = include_str!("tables.sql");

/// Adds the runs of jobs to the tables of version 1.
const RUNS: &str = include_str!("runs.sql");

/// An open ledger. Clones share it. Every write is on disk when its method returns, and is whole or not there.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// The connection, used by one caller at a time.
    connection: Arc<Mutex<Connection>>,
}

impl Ledger {
    /// Opens the file at `path` for this process alone. A file that does not exist is created, readable by its owner only.
    ///
    /// # Errors
    /// [`LedgerError::Create`], [`LedgerError::File`], [`LedgerError::Version`].
    pub(crate) fn open(path: &Path) -> Result<Self, LedgerError> {
        let failed = |source| LedgerError::File { path: path.to_owned(), source };
        let connection = open_private_database(path).map_err(|error| match error {
            DatabaseOpenError::Create(source) => {
                LedgerError::Create { path: path.to_owned(), source }
            }
            DatabaseOpenError::Open(source) => failed(source),
        })?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match found.map_err(failed)? {
            0 => {
                connection.execute_batch(SCHEMA).map_err(failed)?;
                connection.execute_batch(RUNS).map_err(failed)?;
            }
            1 => connection.execute_batch(RUNS).map_err(failed)?,
            SCHEMA_VERSION => {}
            found => {
                let (path, known) = (path.to_owned(), SCHEMA_VERSION);
                return Err(LedgerError::Version { path, found, known });
            }
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// The connection. A panic elsewhere cannot leave it half way, because an open transaction is rolled back.
    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
