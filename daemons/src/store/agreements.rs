//! Which agreements concern this daemon, and how far the chain was searched for them.

use alloy::primitives::{Address, B256};
use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::error::StoreError;

impl Store {
    /// The last block that was searched, and its hash; `None` before the first search.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn cursor(&self, name: &str) -> Result<Option<(u64, B256)>, StoreError> {
        let select = "SELECT block, hash FROM cursors WHERE name = ?1";
        let row = self
            .lock()
            .query_row(select, params![name], |row| Ok((row.get(0)?, B256::new(row.get(1)?))));
        Ok(row.optional()?)
    }

    /// Takes note of the agreements that were found up to a block, all or nothing. One that is found again
    /// is open again: the chain has moved back.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_scan(
        &self,
        name: &str,
        block: u64,
        hash: B256,
        agreements: &[Address],
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        for agreement in agreements {
            let insert = "INSERT INTO agreements (address) VALUES (?1)
                ON CONFLICT DO UPDATE SET closed = 0";
            change.execute(insert, params![agreement.0.0])?;
        }
        let replace = "REPLACE INTO cursors (name, block, hash) VALUES (?1, ?2, ?3)";
        change.execute(replace, params![name, block, hash.0])?;
        Ok(change.commit()?)
    }

    /// The agreements that are not closed.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn open_agreements(&self) -> Result<Vec<Address>, StoreError> {
        let connection = self.lock();
        let mut select =
            connection.prepare_cached("SELECT address FROM agreements WHERE NOT closed")?;
        let rows = select.query_map([], |row| Ok(Address::new(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Nothing is left to do in an agreement: its secrets go.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn close_agreement(&self, agreement: Address) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        let address = params![agreement.0.0];
        change.execute("UPDATE agreements SET closed = 1 WHERE address = ?1", address)?;
        for table in ["sessions", "admissions", "salts", "sights", "receipts", "endpoints"] {
            change.execute(&format!("DELETE FROM {table} WHERE agreement = ?1"), address)?;
        }
        let done = "DELETE FROM done WHERE purpose LIKE '%/' || ?1";
        change.execute(done, params![agreement.to_string()])?;
        Ok(change.commit()?)
    }
}
