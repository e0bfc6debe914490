//! Sessions: those that a worker serves, and the salt of the one that a tester or client has opened.

use alloy::primitives::{Address, B256};
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// Stores that a session was served in a window, and returns all its served windows; bit k stands for window k.
    /// `None` if the session is new and `key` has opened `max_sessions` in this agreement already.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_served(
        &self,
        agreement: Address,
        session: B256,
        key: B256,
        window: u8,
        max_sessions: u32,
    ) -> Result<Option<u32>, StoreError> {
        let (agreement, session, key) = (agreement.0.0, session.0, key.0);
        let connection = self.lock();
        let select = "SELECT served FROM sessions WHERE agreement = ?1 AND session = ?2";
        let known: Option<u32> = connection
            .query_row(select, params![agreement, session], |row| row.get(0))
            .optional()?;
        let served =
            known.unwrap_or_default() | 1_u32.checked_shl(window.into()).unwrap_or_default();
        if known == Some(served) {
            return Ok(known);
        }
        if known.is_none() {
            let count = "SELECT count(*) FROM sessions WHERE agreement = ?1 AND opener = ?2";
            let opened: u32 =
                connection.query_row(count, params![agreement, key], |row| row.get(0))?;
            if opened >= max_sessions {
                return Ok(None);
            }
        }
        let upsert =
            "INSERT INTO sessions (agreement, session, opener, served) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET served = excluded.served";
        connection.execute(upsert, params![agreement, session, key, served])?;
        Ok(Some(served))
    }

    /// The salt of this daemon's session in an agreement: the same in every run. The first call creates it with `make`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn session_salt(
        &self,
        agreement: Address,
        make: impl FnOnce() -> B256,
    ) -> Result<B256, StoreError> {
        let address = agreement.0.0;
        let connection = self.lock();
        let select = "SELECT salt FROM salts WHERE agreement = ?1";
        let known = connection.query_row(select, params![address], |row| row.get(0)).optional()?;
        if let Some(salt) = known {
            return Ok(B256::new(salt));
        }
        let salt = make();
        let insert = "INSERT INTO salts (agreement, salt) VALUES (?1, ?2)";
        connection.execute(insert, params![address, salt.0])?;
        Ok(salt)
    }
}
