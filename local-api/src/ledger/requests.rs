//! Requests that are made once.

use rand::RngCore;
use rusqlite::{Connection, OptionalExtension, params};

use super::database::Ledger;
use super::error::LedgerError;
use crate::token::TokenDigest;

/// What makes a request the same: the SHA-256 of its method, path and body.
pub(crate) type Fingerprint = [u8; 32];

/// A request that may buy something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The name of its purchase, under which nothing is bought twice.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) token: TokenDigest,
}

/// A response that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredResponse {
    /// Its status.
    pub(crate) status: u16,
    /// Its body, in JSON.
    pub(crate) body: String,
}

/// What is known of a request that comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is to be made. It may have been interrupted, or have failed, before.
    Open(Request),
    /// It was made, and this was the response.
    Done(StoredResponse),
}

impl Ledger {
    /// Records a request before anything is done for it, or finds it if it came before under the same key.
    ///
    /// # Errors
    /// [`LedgerError::KeyReused`], [`LedgerError::Query`].
    pub(crate) fn begin(
        &self,
        token: TokenDigest,
        key: Option<&str>,
        fingerprint: &Fingerprint,
        day: u32,
    ) -> Result<Begun, LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        if let Some(known) = find(&transaction, token, key, fingerprint)? {
            return Ok(known);
        }
        let mut random = [0; 16];
        rand::rng().fill_bytes(&mut random);
        let name = format!("api/{}", const_hex::encode(random));
        let insert = "INSERT INTO requests (name, token, key, fingerprint, day)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        transaction.execute(insert, params![name, token.0, key, fingerprint, day])?;
        transaction.commit()?;
        Ok(Begun::Open(Request { name, token }))
    }

    /// Stores the response to a request, which is not made again.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn finish(
        &self,
        request: &Request,
        response: &StoredResponse,
    ) -> Result<(), LedgerError> {
        let update = "UPDATE requests SET status = ?2, body = ?3 WHERE name = ?1";
        let StoredResponse { status, body } = response;
        self.lock().execute(update, params![request.name, status, body])?;
        Ok(())
    }

    /// The requests for which something may have been bought that is not charged.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn open_reservations(&self) -> Result<Vec<Request>, LedgerError> {
        let connection = self.lock();
        let select = "SELECT name, token FROM requests
            WHERE charged IS NULL AND reserved <> zeroblob(16)";
        let mut select = connection.prepare_cached(select)?;
        let rows = select.query_map([], |row| {
            Ok(Request { name: row.get(0)?, token: TokenDigest(row.get(1)?) })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// What is known of the request under a key.
fn find(
    connection: &Connection,
    token: TokenDigest,
    key: Option<&str>,
    fingerprint: &Fingerprint,
) -> Result<Option<Begun>, LedgerError> {
    let select = "SELECT name, fingerprint, status, body FROM requests
        WHERE token = ?1 AND key = ?2";
    let found = connection.query_row(select, params![token.0, key], |row| {
        let response: Option<u16> = row.get(2)?;
        let body: Option<String> = row.get(3)?;
        let response = response.zip(body).map(|(status, body)| StoredResponse { status, body });
        Ok((row.get::<_, String>(0)?, row.get::<_, Fingerprint>(1)?, response))
    });
    let Some((name, theirs, response)) = found.optional()? else { return Ok(None) };
    if theirs != *fingerprint {
        return Err(LedgerError::KeyReused);
    }
    Ok(Some(response.map_or(Begun::Open(Request { name, token }), Begun::Done)))
}
