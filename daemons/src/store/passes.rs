//! What a tester or client knows of an agreement before a window begins: who accepted when, and the client's passes.

use alloy::primitives::Address;
use muster_messaging::Pass;
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// The tick in which a worker was first seen to have accepted; `None` before that.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn accepted_at(&self, agreement: Address, worker: u8) -> Result<Option<u64>, StoreError> {
        let select = "SELECT tick FROM accepts WHERE agreement = ?1 AND worker = ?2";
        let connection = self.lock();
        let row = connection.query_row(select, params![agreement.0.0, worker], |row| row.get(0));
        Ok(row.optional()?)
    }

    /// Stores that a worker was seen in a tick to have accepted. The first tick stays.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_accept(
        &self,
        agreement: Address,
        worker: u8,
        tick: u64,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO accepts (agreement, worker, tick) VALUES (?1, ?2, ?3)
            ON CONFLICT DO NOTHING";
        self.lock().execute(insert, params![agreement.0.0, worker, tick])?;
        Ok(())
    }

    /// Stores the client's pass for a window.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn save_pass(&self, agreement: Address, window: u8, pass: &Pass) -> Result<(), StoreError> {
        let replace = "REPLACE INTO passes (agreement, window, delegation) VALUES (?1, ?2, ?3)";
        // A pass is numbers and strings, so it has a JSON.
        let text = serde_json::to_string(pass).unwrap_or_default();
        self.lock().execute(replace, params![agreement.0.0, window, text])?;
        Ok(())
    }

    /// The client's pass for a window; `None` if it sent none.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn pass(&self, agreement: Address, window: u8) -> Result<Option<Pass>, StoreError> {
        let select = "SELECT delegation FROM passes WHERE agreement = ?1 AND window = ?2";
        let connection = self.lock();
        let text: Option<String> = connection
            .query_row(select, params![agreement.0.0, window], |row| row.get(0))
            .optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
