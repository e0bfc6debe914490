//! The endpoints that workers have sent.

use alloy::primitives::Address;
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// Stores the URL of a worker's service for an agreement, and the token for it.
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

    /// The URL of a worker's service for an agreement, and the token for it; `None` if the worker has sent none.
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
