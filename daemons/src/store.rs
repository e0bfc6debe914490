//! The state file: one `SQLite` database for each daemon, written before the act.
//!
//! Here is how it is opened and whose it is; each table has a file of its own beside this one.

use std::fmt::{self, Display, Formatter};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use alloy::primitives::Address;
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::error::StoreError;

mod admissions;
mod agreements;
mod messages;
mod observations;
mod sessions;
#[cfg(test)]
mod tests;
mod tx_journal;

pub use self::observations::Observations;

/// The version of the tables.
const SCHEMA_VERSION: u32 = 2;

/// The tables, made when the file is.
const SCHEMA: &str = include_str!("store/tables.sql");

/// What a daemon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sells work.
    Worker,
    /// Tests work.
    Tester,
    /// Buys work.
    Client,
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::Tester => "tester",
            Self::Client => "client",
        })
    }
}

/// Whose state it is. A file never changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it does.
    pub role: Role,
    /// On which chain.
    pub chain: u64,
    /// On which market.
    pub dispatcher: Address,
    /// As whom.
    pub account: Address,
}

impl Display for Identity {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { role, chain, dispatcher, account } = self;
        write!(f, "{role} {account} of the market {dispatcher} on chain {chain}")
    }
}

/// An open state file. Cheap to clone; every write is on disk when it returns.
#[derive(Clone, Debug)]
pub struct Store {
    /// The connection, used by one at a time.
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the state file at `path`, which is made, readable by its owner alone, if it is not there. It
    /// is this process's until it ends.
    ///
    /// # Errors
    /// [`StoreError::Foreign`], [`StoreError::InUse`], [`StoreError::Version`], [`StoreError::File`].
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::InUse(path.to_owned())
            }
            _ => StoreError::File { path: path.to_owned(), source },
        };
        create_private(path)
            .map_err(|source| StoreError::Create { path: path.to_owned(), source })?;
        let connection = Connection::open(path).map_err(failed)?;
        configure(&connection).map_err(failed)?;

        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match found.map_err(failed)? {
            0 => connection.execute_batch(SCHEMA).map_err(failed)?,
            SCHEMA_VERSION => {}
            found => {
                return Err(StoreError::Version {
                    path: path.to_owned(),
                    found,
                    known: SCHEMA_VERSION,
                });
            }
        }
        let ours = identity.to_string();
        let insert =
            "INSERT INTO identity (line) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM identity)";
        connection.execute(insert, params![ours]).map_err(failed)?;
        let theirs: String = connection
            .query_row("SELECT line FROM identity", [], |row| row.get(0))
            .map_err(failed)?;
        if theirs != ours {
            let (theirs, ours) = (theirs.into(), ours.into());
            return Err(StoreError::IdentityMismatch { path: path.to_owned(), theirs, ours });
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    /// A secret of this daemon's, made with `make` the first time it is asked for.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> [u8; 32],
    ) -> Result<[u8; 32], StoreError> {
        let connection = self.lock();
        let select = "SELECT value FROM secrets WHERE name = ?1";
        let known = connection.query_row(select, params![name], |row| row.get(0)).optional()?;
        if let Some(secret) = known {
            return Ok(secret);
        }
        let secret = make();
        connection
            .execute("INSERT INTO secrets (name, value) VALUES (?1, ?2)", params![name, secret])?;
        Ok(secret)
    }

    /// The connection. A panic elsewhere cannot leave it half way: every statement stands for itself.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the file, if it is not there, so that nobody but its owner can read it.
fn create_private(path: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

/// Everything is on disk before a write returns, and the file is ours alone.
fn configure(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")
}
