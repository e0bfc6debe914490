//! The embedded database: one `SQLite` file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior, params_from_iter};

use super::interface::{Database, Transaction, Work};
use super::lock::WriterLock;
use super::value::{Row, Value};
use crate::database_error::DatabaseError;
use crate::error::IndexError;

/// The version of the tables: the number of migrations.
const VERSION: i64 = 1;

/// Creates the tables of each version out of those of the one before.
const MIGRATIONS: [&str; 1] = [include_str!("../schema/1.sql")];

/// The most kilobytes of pages that the connection that writes keeps, and that each connection that reads keeps.
const WRITER_CACHE: i64 = 64_000;

/// See [`WRITER_CACHE`].
const READER_CACHE: i64 = 8_000;

/// Statements that a connection keeps prepared.
const PREPARED_STATEMENTS: usize = 256;

/// How long a reader waits while the file is recovered or checkpointed.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A `SQLite` file.
///
/// The file is in WAL mode: readers do not block the writer, nor the writer readers. Commits reach the disk at a checkpoint
/// (`synchronous = NORMAL`), so a power failure can lose the last of them; they are read from the chain again.
#[derive(Debug)]
pub struct SqliteDatabase {
    /// The file.
    path: PathBuf,
    /// The connection that writes; `None` for a reader.
    writer: Option<(Mutex<Connection>, WriterLock)>,
    /// Connections that read and are not in use.
    readers: Mutex<Vec<Connection>>,
}

impl SqliteDatabase {
    /// Opens the file at `path` to write, until the value is dropped. A file that does not exist is created, an older one
    /// migrated.
    ///
    /// # Errors
    /// [`DatabaseError::Create`], [`DatabaseError::File`], [`DatabaseError::InUse`], [`DatabaseError::Version`].
    pub fn open(path: &Path) -> Result<Self, DatabaseError> {
        let created = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
        created.map_err(|source| DatabaseError::Create { path: path.to_owned(), source })?;
        let lock = WriterLock::acquire(path)?;
        let failed = |source| DatabaseError::File { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(failed)?;
        configure(&connection, WRITER_CACHE).map_err(failed)?;
        let found = version(&connection).map_err(failed)?;
        check_version(path, found)?;
        let missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0));
        for (version, migration) in (found.saturating_add(1)..).zip(missing) {
            let script = format!("BEGIN; {migration} PRAGMA user_version = {version}; COMMIT;");
            connection.execute_batch(&script).map_err(failed)?;
        }
        let writer = Some((Mutex::new(connection), lock));
        Ok(Self { path: path.to_owned(), writer, readers: Mutex::default() })
    }

    /// Opens the file at `path` to read, while another process may write it.
    ///
    /// # Errors
    /// [`DatabaseError::Missing`], [`DatabaseError::File`]; [`DatabaseError::Version`] also if it is older and nobody
    /// migrated it yet.
    pub fn open_reader(path: &Path) -> Result<Self, DatabaseError> {
        if !path.exists() {
            return Err(DatabaseError::Missing(path.to_owned()));
        }
        let reader = Self { path: path.to_owned(), writer: None, readers: Mutex::default() };
        let connection = reader.connect()?;
        let failed = |source| DatabaseError::File { path: path.to_owned(), source };
        let found = version(&connection).map_err(failed)?;
        check_version(path, found)?;
        if found < VERSION {
            return Err(DatabaseError::Missing(path.to_owned()));
        }
        reader.put_back(connection);
        Ok(reader)
    }

    /// A new connection that reads.
    fn connect(&self) -> Result<Connection, DatabaseError> {
        let failed = |source| DatabaseError::File { path: self.path.clone(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        configure(&connection, READER_CACHE).map_err(failed)?;
        Ok(connection)
    }

    /// Keeps a connection for the next reader.
    fn put_back(&self, connection: Connection) {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Settings of every connection.
fn configure(connection: &Connection, cache: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "cache_size", cache.saturating_neg())?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(())
}

/// The version of the tables; 0 without any.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses tables of a later version.
fn check_version(path: &Path, found: i64) -> Result<(), DatabaseError> {
    if (0..=VERSION).contains(&found) {
        return Ok(());
    }
    let database = path.display().to_string().into();
    Err(DatabaseError::Version { database, found, known: VERSION })
}

impl Database for SqliteDatabase {
    fn write(&self, work: Work<'_>) -> Result<(), IndexError> {
        let Some((connection, _)) = &self.writer else {
            return Err(IndexError::ReadOnly);
        };
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut connection, TransactionBehavior::Immediate, work)
    }

    fn read(&self, work: Work<'_>) -> Result<(), IndexError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = kept.map_or_else(|| self.connect(), Ok)?;
        let result = run(&mut connection, TransactionBehavior::Deferred, work);
        self.put_back(connection);
        result
    }
}

/// Runs work in a transaction, which is rolled back if the work fails.
fn run(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    work: Work<'_>,
) -> Result<(), IndexError> {
    let transaction =
        connection.transaction_with_behavior(behavior).map_err(DatabaseError::from)?;
    let mut running = SqliteTransaction(transaction);
    work(&mut running)?;
    Ok(running.0.commit().map_err(DatabaseError::from)?)
}

/// A transaction of a connection.
struct SqliteTransaction<'a>(rusqlite::Transaction<'a>);

impl Transaction for SqliteTransaction<'_> {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, DatabaseError> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))?)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let rows = statement.query_map(params_from_iter(values), |row| {
            (0..columns).map(|column| Ok(owned(row.get_ref(column)?))).collect()
        })?;
        let rows: rusqlite::Result<Vec<_>> = rows.map(|row| row.map(Row)).collect();
        Ok(rows?)
    }
}

/// A value of a column. There are no real numbers in the tables.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::values;
    use super::*;

    #[test]
    fn one_process_writes_and_others_read_committed_states() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        let missing = SqliteDatabase::open_reader(&path).unwrap_err();
        assert!(matches!(missing, DatabaseError::Missing(_)), "{missing}");

        let writer = SqliteDatabase::open(&path).unwrap();
        let second = SqliteDatabase::open(&path).unwrap_err();
        assert!(matches!(second, DatabaseError::InUse(_)), "{second}");
        let reader = SqliteDatabase::open_reader(&path).unwrap();
        let (writer, reader): (&dyn Database, &dyn Database) = (&writer, &reader);
        let count = |database: &dyn Database| {
            let count = |transaction: &mut dyn Transaction| {
                let row = transaction.first("SELECT count(*) FROM blocks", &[])?;
                Ok(row.unwrap_or_default().get::<u64>(0)?)
            };
            database.read_with(count).unwrap()
        };
        let insert = "INSERT INTO blocks (market, number, hash, time, events, total) VALUES (1, ?1, ?2, 0, 0, 0)";
        writer
            .write_with(|transaction| {
                transaction.execute(insert, &values![5_u64, b"hash".as_slice()])?;
                assert_eq!(count(reader), 0, "not before the commit");
                Ok(())
            })
            .unwrap();
        assert_eq!((count(writer), count(reader)), (1, 1));

        let failed = writer.write_with::<()>(|transaction| {
            transaction.execute(insert, &values![6_u64, b"hash".as_slice()])?;
            Err(IndexError::ReadOnly)
        });
        assert!(failed.is_err());
        assert_eq!(count(writer), 1, "failed work leaves nothing");
        assert!(matches!(reader.write(&mut |_| Ok(())), Err(IndexError::ReadOnly)));
    }

    #[test]
    fn a_file_of_a_later_version_is_refused_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        drop(SqliteDatabase::open(&path).unwrap());
        let later = VERSION.saturating_add(1);
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", later).unwrap();
        for refused in [SqliteDatabase::open(&path), SqliteDatabase::open_reader(&path)] {
            let error = refused.unwrap_err();
            assert!(
                matches!(error, DatabaseError::Version { found, known: VERSION, .. } if found == later),
                "{error}"
            );
        }
        assert_eq!(version(&connection).unwrap(), later);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.db");
        std::fs::write(&path, "no database at all, but long enough to be read as a header of one")
            .unwrap();
        let error = SqliteDatabase::open(&path).unwrap_err();
        assert!(matches!(error, DatabaseError::File { .. }), "{error}");
    }
}
