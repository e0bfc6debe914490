//! The messages that were received, so that none is answered twice.

use alloy::primitives::B256;
use muster_messaging::{BoxError, ReplayGuard};
use rusqlite::params;

use super::database::{MAX_INTEGER, Store};
use crate::unix_time::unix_now;

impl ReplayGuard for Store {
    fn contains(&self, id: B256) -> Result<bool, BoxError> {
        let select = "SELECT EXISTS (SELECT 1 FROM seen WHERE id = ?1)";
        Ok(self.lock().query_row(select, params![id.0], |row| row.get(0))?)
    }

    /// Deletes the ids that have expired as well.
    fn insert_if_new(&self, ids: &[B256], until: u64) -> Result<bool, BoxError> {
        let inserted = self.write_beside_steps(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute("DELETE FROM seen WHERE until < ?1", params![unix_now()])?;
            let insert = "INSERT INTO seen (id, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            for id in ids {
                if transaction.execute(insert, params![id.0, until.min(MAX_INTEGER)])? == 0 {
                    return Ok(false);
                }
            }
            transaction.commit()?;
            Ok(true)
        });
        Ok(inserted?)
    }
}
