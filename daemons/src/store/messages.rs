//! Messages: which were read already, and where workers said that they serve.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256};
use muster_messaging::{BoxError, ReplayGuard};
use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::error::StoreError;

impl Store {
    /// Notes where a worker serves an agreement, and the token for it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn save_endpoint(
        &self,
        agreement: Address,
        worker: u8,
        url: &str,
        token: &str,
    ) -> Result<(), StoreError> {
        let replace =
            "REPLACE INTO endpoints (agreement, worker, url, token) VALUES (?1, ?2, ?3, ?4)";
        self.lock().execute(replace, params![agreement.0.0, worker, url, token])?;
        Ok(())
    }

    /// Where a worker serves an agreement, and the token for it, if it has said so.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn endpoint(
        &self,
        agreement: Address,
        worker: u8,
    ) -> Result<Option<(String, String)>, StoreError> {
        let select = "SELECT url, token FROM endpoints WHERE agreement = ?1 AND worker = ?2";
        let connection = self.lock();
        let row = connection.query_row(select, params![agreement.0.0, worker], |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        Ok(row.optional()?)
    }
}

impl ReplayGuard for Store {
    fn contains(&self, id: B256) -> Result<bool, BoxError> {
        let select = "SELECT EXISTS (SELECT 1 FROM seen WHERE id = ?1)";
        Ok(self.lock().query_row(select, params![id.0], |row| row.get(0))?)
    }

    /// Whatever need not be remembered any longer is forgotten.
    fn insert_if_new(&self, id: B256, until: u64) -> Result<bool, BoxError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let connection = self.lock();
        connection.execute("DELETE FROM seen WHERE until < ?1", params![now])?;
        let insert = "INSERT INTO seen (id, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        Ok(connection.execute(insert, params![id.0, until])? == 1)
    }
}
