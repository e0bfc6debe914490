//! Random values that only this daemon knows.

use rusqlite::{OptionalExtension, params};
use secrecy::{ExposeSecret, SecretBox};

use super::database::Store;
use super::error::StoreError;

impl Store {
    /// The random secret of this name: the same in every run. The first call creates it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn secret(&self, name: &str) -> Result<SecretBox<[u8; 32]>, StoreError> {
        let connection = self.lock();
        let select = "SELECT value FROM secrets WHERE name = ?1";
        let known = connection.query_row(select, params![name], |row| row.get(0)).optional()?;
        if let Some(secret) = known {
            return Ok(SecretBox::new(Box::new(secret)));
        }
        let secret = SecretBox::new(Box::new(rand::random()));
        connection.execute(
            "INSERT INTO secrets (name, value) VALUES (?1, ?2)",
            params![name, secret.expose_secret()],
        )?;
        Ok(secret)
    }
}
