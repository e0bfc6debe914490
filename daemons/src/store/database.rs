//! Opening the state file.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use rusqlite::{Connection, ErrorCode, params};

use super::error::StoreError;
use super::identity::Identity;
use crate::private_database::{DatabaseOpenError, open_private_database};

/// The version of the tables.
const SCHEMA_VERSION: u32 = 6;

/// The largest number that fits into a column; as a second or a tick, never.
pub(super) const MAX_INTEGER: u64 = u64::MAX >> 1;

/// The row with the block in which the market was created.
const MARKET_CURSOR: &str = "market";

/// The first version that can be brought up to this one.
const FIRST_VERSION: u32 = 4;

/// What brings a file of each version, from the first one on, up to the next.
const UPGRADES: [&str; 2] = [
    "BEGIN;
    CREATE TABLE flags (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    ALTER TABLE job_answers ADD COLUMN trap TEXT;
    PRAGMA user_version = 5;
    COMMIT;",
    "BEGIN;
    ALTER TABLE job_answers ADD COLUMN failure TEXT;
    PRAGMA user_version = 6;
    COMMIT;",
];

/// Creates the tables.
const SCHEMA: &str = include_str!("tables.sql");

/// An open state file. Clones share it.
///
/// - **Order.** One caller at a time: writes happen in the order of the calls.
/// - **Durability.** Every write is on disk when its method returns (WAL with `synchronous = FULL`). Methods that write
///   more than one row use one database transaction, so that a crash leaves all of it or nothing.
/// - **Cancellation.** Methods block and never `await`: none is left half done.
/// - **Errors.** [`StoreError::Query`] means that nothing was written. The daemon ends after it, unless the disk is the reason
///   ([`StoreError::is_disk`]): then it tries again. For what is written beside steps, see [`Store::check`].
#[derive(Clone, Debug)]
pub struct Store {
    /// The connection, used by one caller at a time.
    connection: Arc<Mutex<Connection>>,
    /// Whether a write beside the steps has failed, and none was checked since.
    has_failed: Arc<AtomicBool>,
}

impl Store {
    /// Opens the state file at `path` for this process alone, until it ends. A file that does not exist is created,
    /// readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Create`], [`StoreError::File`], [`StoreError::IdentityMismatch`], [`StoreError::InUse`],
    /// [`StoreError::Version`].
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, StoreError> {
        let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::InUse(path.to_owned())
            }
            _ => StoreError::File { path: path.to_owned(), source },
        };
        let connection = open_private_database(path).map_err(|error| match error {
            DatabaseOpenError::Create(source) => {
                StoreError::Create { path: path.to_owned(), source }
            }
            DatabaseOpenError::Open(source) => failed(source),
        })?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        match found.map_err(failed)? {
            0 => connection.execute_batch(SCHEMA).map_err(failed)?,
            found @ FIRST_VERSION..=SCHEMA_VERSION => {
                for upgrade in (FIRST_VERSION..).zip(UPGRADES).skip_while(|(from, _)| *from < found)
                {
                    connection.execute_batch(upgrade.1).map_err(failed)?;
                }
            }
            found => {
                let (path, known) = (path.to_owned(), SCHEMA_VERSION);
                return Err(StoreError::Version { path, found, known });
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
        Ok(Self { connection: Arc::new(Mutex::new(connection)), has_failed: Arc::default() })
    }

    /// Binds the file, which is at `path`, to the market that was created in this block, unless it is bound already.
    ///
    /// # Errors
    /// [`StoreError::OtherMarket`] if it is bound to another one, [`StoreError::Query`].
    pub fn bind_to_market(&self, path: &Path, block: u64, ours: B256) -> Result<(), StoreError> {
        let insert = "INSERT OR IGNORE INTO cursors (name, block, hash) VALUES (?1, ?2, ?3)";
        self.lock().execute(insert, params![MARKET_CURSOR, block, ours.as_slice()])?;
        match self.cursor(MARKET_CURSOR)? {
            Some((_, theirs)) if theirs != ours => {
                Err(StoreError::OtherMarket { path: path.to_owned(), theirs, ours })
            }
            _ => Ok(()),
        }
    }

    /// Whether the file can be written. It is tried after a write beside the steps has failed, of a message, a receipt or a
    /// probe, until it succeeds.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn check(&self) -> Result<(), StoreError> {
        if !self.has_failed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let rewrite = |connection: &mut Connection| {
            connection.pragma_update(None, "user_version", SCHEMA_VERSION)
        };
        self.write_beside_steps(rewrite)?;
        self.has_failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Writes what is not written by a step, whose failure nobody would see.
    pub(super) fn write_beside_steps<T>(
        &self,
        write: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let written = write(&mut self.lock());
        if written.is_err() {
            self.has_failed.store(true, Ordering::Relaxed);
        }
        written
    }

    /// The connection. A panic elsewhere cannot leave it half way, because an open transaction is rolled back.
    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
