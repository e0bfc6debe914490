//! The trait of databases, and that of their transactions.

use std::fmt::Debug;

use super::value::{Row, Value};
use crate::database_error::DatabaseError;
use crate::error::IndexError;

/// What runs in a transaction.
pub type Work<'a> = &'a mut dyn FnMut(&mut dyn Transaction) -> Result<(), IndexError>;

/// A database. One process writes, any number may read.
///
/// - **Isolation.** What a transaction reads is the state after one committed write, whatever is written meanwhile.
/// - **Atomicity.** If the work fails, or the process ends, nothing is written.
/// - **Blocking.** Methods block until the database has answered: call them where that is allowed.
pub trait Database: Debug + Send + Sync {
    /// Runs `work` in a transaction that may write. One at a time.
    ///
    /// # Errors
    /// That of the work; [`IndexError::Database`] if it cannot begin or commit.
    fn write(&self, work: Work<'_>) -> Result<(), IndexError>;

    /// Runs `work` in a transaction that reads one state.
    ///
    /// # Errors
    /// As [`Database::write`].
    fn read(&self, work: Work<'_>) -> Result<(), IndexError>;
}

/// A transaction of a [`Database`].
pub trait Transaction {
    /// Runs a statement, and returns the number of changed rows.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, DatabaseError>;

    /// Runs a query, and returns all its rows.
    ///
    /// # Errors
    /// [`DatabaseError`].
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, DatabaseError>;
}

impl dyn Transaction + '_ {
    /// The first row of a query; `None` if there is none.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub fn first(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, DatabaseError> {
        Ok(self.query(sql, values)?.into_iter().next())
    }
}

impl dyn Database + '_ {
    /// The result of `work` in a transaction that may write.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn write_with<T>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let mut result = None;
        self.write(&mut |transaction| {
            result = Some(work(transaction)?);
            Ok(())
        })?;
        result.ok_or(DatabaseError::NoAnswer.into())
    }

    /// The result of `work` in a transaction that reads one state.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn read_with<T>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let mut result = None;
        self.read(&mut |transaction| {
            result = Some(work(transaction)?);
            Ok(())
        })?;
        result.ok_or(DatabaseError::NoAnswer.into())
    }
}
