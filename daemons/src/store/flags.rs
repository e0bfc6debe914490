//! What a daemon remembers to have done, for as long as it counts.

use rusqlite::params;

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// Whether the flag of this name is set.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn flag(&self, name: &str) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM flags WHERE name = ?1)";
        Ok(self.lock().query_row(select, params![name], |row| row.get(0))?)
    }

    /// Sets the flag of this name, or takes it away.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn set_flag(&self, name: &str, is_set: bool) -> Result<(), StoreError> {
        let change = if is_set {
            "INSERT OR IGNORE INTO flags (name) VALUES (?1)"
        } else {
            "DELETE FROM flags WHERE name = ?1"
        };
        self.lock().execute(change, params![name])?;
        Ok(())
    }
}
