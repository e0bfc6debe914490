//! Sessions: those that a worker serves in the current window, and the secret of those that a tester opens.

use alloy::primitives::{Address, B256};
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// Stores that a session was served in a part of a window, and returns all parts of this window in which it was;
    /// bit i stands for part i. `None` if the session is new in this window and `key` has opened `max_sessions` in it
    /// already. What is stored about earlier windows of the agreement is deleted when a session is new.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_served(
        &self,
        agreement: Address,
        session: B256,
        key: B256,
        (window, part): (u8, u8),
        max_sessions: u32,
    ) -> Result<Option<u32>, StoreError> {
        let (agreement, session, key) = (agreement.0.0, session.0, key.0);
        let served = self.write_beside_steps(|connection| {
            let select = "SELECT parts FROM sessions
                WHERE agreement = ?1 AND window = ?2 AND session = ?3";
            let known: Option<u32> = connection
                .query_row(select, params![agreement, window, session], |row| row.get(0))
                .optional()?;
            let parts =
                known.unwrap_or_default() | 1_u32.checked_shl(part.into()).unwrap_or_default();
            if known == Some(parts) {
                return Ok(known);
            }
            let transaction = connection.transaction()?;
            if known.is_none() {
                let count = "SELECT count(*) FROM sessions
                    WHERE agreement = ?1 AND window = ?2 AND opener = ?3";
                let opened: u32 =
                    transaction
                        .query_row(count, params![agreement, window, key], |row| row.get(0))?;
                if opened >= max_sessions {
                    return Ok(None);
                }
                let forget = "DELETE FROM sessions WHERE agreement = ?1 AND window < ?2";
                transaction.execute(forget, params![agreement, window])?;
            }
            let upsert = "INSERT INTO sessions (agreement, window, session, opener, parts)
                VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET parts = excluded.parts";
            transaction.execute(upsert, params![agreement, window, session, key, parts])?;
            transaction.commit()?;
            Ok(Some(parts))
        });
        Ok(served?)
    }

    /// The salt of this daemon's sessions in an agreement: the same in every run. The first call creates it with `make`.
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
