//! What tokens spend.
//!
//! Before a purchase, the most that it may cost is reserved, in the same database transaction that compares it with the limit.
//! Afterwards what was paid is charged, or nothing. If the process ends in between, the reservation stays until it is known
//! whether something was bought. So whatever is charged was reserved, and what is charged and reserved together never
//! passes the limit.

use rusqlite::{Connection, OptionalExtension, params};

use super::database::Ledger;
use super::error::LedgerError;
use super::requests::Request;
use crate::limit::{Period, Spending, SpendingLimit};
use crate::token::TokenDigest;
use crate::wei::Wei;

/// An amount as a column has it: most significant byte first.
type Amount = [u8; 16];

impl Ledger {
    /// What a token has spent and reserved in the period of its limit.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn spending(
        &self,
        token: TokenDigest,
        limit: SpendingLimit,
        day: u32,
    ) -> Result<Spending, LedgerError> {
        Ok(spending(&self.lock(), token, limit, day)?)
    }

    /// Reserves the most that the purchase of a request may cost, in place of what was reserved for it before.
    ///
    /// # Errors
    /// [`LedgerError::OverLimit`] if less is left of the token's limit; then nothing has changed. [`LedgerError::Query`].
    pub(crate) fn reserve(
        &self,
        request: &Request,
        limit: SpendingLimit,
        day: u32,
        wanted: u128,
    ) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let reserve = "UPDATE requests SET reserved = ?2, day = ?3
            WHERE name = ?1 AND charged IS NULL";
        transaction.execute(reserve, params![request.name, Amount::default(), day])?;
        let spending = spending(&transaction, request.token, limit, day)?;
        if wanted > spending.left() {
            return Err(LedgerError::OverLimit { wanted, spending });
        }
        transaction.execute(reserve, params![request.name, wanted.to_be_bytes(), day])?;
        Ok(transaction.commit()?)
    }

    /// Charges what the purchase of a request cost, once, in place of what was reserved for it.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn charge(&self, request: &Request, paid: u128) -> Result<(), LedgerError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let charge = "UPDATE requests SET charged = ?2, reserved = zeroblob(16)
            WHERE name = ?1 AND charged IS NULL RETURNING day";
        let charged = params![request.name, paid.to_be_bytes()];
        let day: Option<u32> =
            transaction.query_row(charge, charged, |row| row.get(0)).optional()?;
        if let Some(day) = day {
            let select = "SELECT wei FROM spending WHERE token = ?1 AND day = ?2";
            let before = params![request.token.0, day];
            let before: Option<Amount> =
                transaction.query_row(select, before, |row| row.get(0)).optional()?;
            let sum = u128::from_be_bytes(before.unwrap_or_default()).saturating_add(paid);
            let replace = "REPLACE INTO spending (token, day, wei) VALUES (?1, ?2, ?3)";
            transaction.execute(replace, params![request.token.0, day, sum.to_be_bytes()])?;
        }
        Ok(transaction.commit()?)
    }

    /// Gives back what was reserved for a request that has bought nothing, and will not.
    ///
    /// # Errors
    /// [`LedgerError::Query`].
    pub(crate) fn release(&self, request: &Request) -> Result<(), LedgerError> {
        let release = "UPDATE requests SET reserved = zeroblob(16) WHERE name = ?1";
        self.lock().execute(release, params![request.name])?;
        Ok(())
    }
}

/// What a token has spent and reserved in the period of its limit.
fn spending(
    connection: &Connection,
    token: TokenDigest,
    limit: SpendingLimit,
    day: u32,
) -> rusqlite::Result<Spending> {
    let (first, last) = match limit.period {
        Period::Day => (day, day),
        Period::Lifetime => (0, u32::MAX),
    };
    let sum = |select: &str| -> rusqlite::Result<u128> {
        let mut select = connection.prepare_cached(select)?;
        let mut rows = select.query(params![token.0, first, last])?;
        let mut sum = 0_u128;
        while let Some(row) = rows.next()? {
            sum = sum.saturating_add(u128::from_be_bytes(row.get::<_, Amount>(0)?));
        }
        Ok(sum)
    };
    let days = "SELECT wei FROM spending WHERE token = ?1 AND day BETWEEN ?2 AND ?3";
    let open = "SELECT reserved FROM requests
        WHERE token = ?1 AND charged IS NULL AND day BETWEEN ?2 AND ?3";
    Ok(Spending {
        limit: Wei(limit.most),
        period: limit.period,
        spent: Wei(sum(days)?),
        reserved: Wei(sum(open)?),
    })
}
