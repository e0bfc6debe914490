//! The keys that a worker admits, and the party that each belongs to.

use alloy::primitives::{Address, B256};
use muster_messaging::{AccessGrant, Party};
use rusqlite::{OptionalExtension, params};

use super::database::{MAX_INTEGER, Store};
use super::error::StoreError;

impl Store {
    /// Stores that a key is admitted to an agreement. It replaces what was stored for that key before.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_admission(&self, admission: &AccessGrant) -> Result<(), StoreError> {
        let AccessGrant { agreement, key, party } = admission;
        let (until, window) = match *party {
            Party::Client => (None, None),
            Party::Delegate { until } => (Some(until.min(MAX_INTEGER)), None),
            Party::Tester { window } => (None, Some(window)),
        };
        let replace =
            "REPLACE INTO admissions (agreement, key, until, window) VALUES (?1, ?2, ?3, ?4)";
        self.write_beside_steps(|connection| {
            connection.execute(replace, params![agreement.0.0, key.0, until, window]).map(drop)
        })?;
        Ok(())
    }

    /// The party that a key was admitted as; `None` if it was not admitted.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn admitted_party(
        &self,
        agreement: Address,
        key: B256,
    ) -> Result<Option<Party>, StoreError> {
        let select = "SELECT until, window FROM admissions WHERE agreement = ?1 AND key = ?2";
        let connection = self.lock();
        let row = connection.query_row(select, params![agreement.0.0, key.0], |row| {
            Ok(match (row.get(0)?, row.get(1)?) {
                (Some(until), _) => Party::Delegate { until },
                (None, Some(window)) => Party::Tester { window },
                (None, None) => Party::Client,
            })
        });
        Ok(row.optional()?)
    }
}
