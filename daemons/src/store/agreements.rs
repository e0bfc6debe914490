//! The agreements that concern this daemon, and the block up to which the chain was scanned for them.

use alloy::primitives::{Address, B256};
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

/// The tables whose rows belong to an agreement, and go when it is closed.
const AGREEMENT_TABLES: [&str; 8] =
    ["sessions", "admissions", "salts", "accepts", "passes", "probes", "receipts", "endpoints"];

impl Store {
    /// Number and hash of the last block that a scan has passed; `None` before the first scan.
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

    /// Stores the agreements that a scan found, and the block that it has reached, in one transaction. A closed
    /// agreement that is found again is open again, because a reorg has taken its end back.
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
        let transaction = connection.transaction()?;
        for agreement in agreements {
            let insert = "INSERT INTO agreements (address) VALUES (?1)
                ON CONFLICT DO UPDATE SET closed = 0";
            transaction.execute(insert, params![agreement.0.0])?;
        }
        let replace = "REPLACE INTO cursors (name, block, hash) VALUES (?1, ?2, ?3)";
        transaction.execute(replace, params![name, block, hash.0])?;
        Ok(transaction.commit()?)
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

    /// All agreements that were ever found, closed ones included.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn all_agreements(&self) -> Result<Vec<Address>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT address FROM agreements")?;
        let rows = select.query_map([], |row| Ok(Address::new(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of agreements that were ever found, closed ones included.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn agreement_count(&self) -> Result<u32, StoreError> {
        let select = "SELECT count(*) FROM agreements";
        Ok(self.lock().query_row(select, [], |row| row.get(0))?)
    }

    /// Whether an agreement was stored, closed or not.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn knows_agreement(&self, agreement: Address) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM agreements WHERE address = ?1";
        let connection = self.lock();
        let row = connection.query_row(select, params![agreement.0.0], |_| Ok(()));
        Ok(row.optional()?.is_some())
    }

    /// Closes an agreement in which nothing is left to do, and deletes everything else that is stored about it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn close_agreement(&self, agreement: Address) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let address = params![agreement.0.0];
        transaction.execute("UPDATE agreements SET closed = 1 WHERE address = ?1", address)?;
        for table in AGREEMENT_TABLES {
            transaction.execute(&format!("DELETE FROM {table} WHERE agreement = ?1"), address)?;
        }
        let done = "DELETE FROM done WHERE purpose LIKE '%/' || ?1";
        transaction.execute(done, params![agreement.to_string()])?;
        Ok(transaction.commit()?)
    }
}
