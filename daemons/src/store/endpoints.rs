//! The endpoints that workers have sent.

use alloy::primitives::Address;
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

/// One of a client's keys at one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointId {
    /// The agreement.
    pub agreement: Address,
    /// The window that the key is for.
    pub window: u8,
    /// The number of the key in that window.
    pub slot: u8,
    /// The worker's index.
    pub worker: u8,
}

impl Store {
    /// Stores the URL of a worker's service, and the token for it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn save_endpoint(&self, id: &EndpointId, url: &str, token: &str) -> Result<(), StoreError> {
        let EndpointId { agreement, window, slot, worker } = *id;
        let replace = "REPLACE INTO endpoints (agreement, window, slot, worker, url, token)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.write_beside_steps(|connection| {
            let values = params![agreement.0.0, window, slot, worker, url, token];
            connection.execute(replace, values).map(drop)
        })?;
        Ok(())
    }

    /// The URL of a worker's service, and the token for it; `None` if the worker has sent none.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn endpoint(&self, id: &EndpointId) -> Result<Option<(String, String)>, StoreError> {
        let EndpointId { agreement, window, slot, worker } = *id;
        let select = "SELECT url, token FROM endpoints
            WHERE agreement = ?1 AND window = ?2 AND slot = ?3 AND worker = ?4";
        let connection = self.lock();
        let values = params![agreement.0.0, window, slot, worker];
        let row = connection.query_row(select, values, |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(row.optional()?)
    }
}
