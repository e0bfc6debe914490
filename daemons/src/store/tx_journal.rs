//! The outbox: transactions are here before any node has them, until it is known what became of them.

use alloy::primitives::B256;
use muster_client::{SignedTx, TxJournal, TxOutcome};
use muster_messaging::BoxError;
use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::error::StoreError;
use crate::failpoint::fail_point;

impl Store {
    /// Transactions of which it is not known yet what became of them.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn pending_txs(&self) -> Result<Vec<SignedTx>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT raw FROM outbox ORDER BY nonce")?;
        let rows = select.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        let raw = rows.collect::<Result<Vec<_>, _>>()?;
        // Only what was signed is written, so each of them reads back.
        Ok(raw.iter().filter_map(|raw| SignedTx::decode(raw)).collect())
    }

    /// The transaction that did something, if it was done.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn completed_tx(&self, purpose: &str) -> Result<Option<B256>, StoreError> {
        let select = "SELECT hash FROM done WHERE purpose = ?1";
        let connection = self.lock();
        let row = connection.query_row(select, params![purpose], |row| Ok(B256::new(row.get(0)?)));
        Ok(row.optional()?)
    }

    /// What a transaction is for, if it has no outcome yet.
    fn purpose_of(&self, signed: &SignedTx) -> Result<Option<String>, StoreError> {
        let select = "SELECT purpose FROM outbox WHERE nonce = ?1";
        let connection = self.lock();
        Ok(connection.query_row(select, params![signed.nonce()], |row| row.get(0)).optional()?)
    }

    /// Ends all transactions of a nonce, and notes in the same breath whether their deed is done.
    fn record_outcome(
        &self,
        signed: &SignedTx,
        purpose: &str,
        outcome: &TxOutcome,
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        change.execute("DELETE FROM outbox WHERE nonce = ?1", params![signed.nonce()])?;
        if let TxOutcome::Mined(receipt) = outcome
            && receipt.success
        {
            let replace = "REPLACE INTO done (purpose, hash) VALUES (?1, ?2)";
            change.execute(replace, params![purpose, receipt.transaction.0])?;
        }
        Ok(change.commit()?)
    }
}

impl TxJournal for Store {
    fn record(&self, purpose: &str, signed: &SignedTx) -> Result<(), BoxError> {
        fail_point(failpoint_operation(purpose), "decided");
        let insert = "INSERT INTO outbox (hash, purpose, nonce, raw) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        let (hash, raw) = (signed.hash(), signed.raw());
        self.lock().execute(insert, params![hash.0, purpose, signed.nonce(), raw.as_ref()])?;
        fail_point(failpoint_operation(purpose), "remembered");
        Ok(())
    }

    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        if let TxOutcome::Mined(receipt) = outcome {
            metrics::counter!("muster_transactions_total").increment(1);
            metrics::counter!("muster_gas_used_total").increment(receipt.gas_used);
        }
        let noted = self.purpose_of(signed).and_then(|purpose| {
            let purpose = purpose.unwrap_or_default();
            fail_point(failpoint_operation(&purpose), "mined");
            self.record_outcome(signed, &purpose, outcome)?;
            fail_point(failpoint_operation(&purpose), "noted");
            Ok(())
        });
        if let Err(error) = noted {
            tracing::error!("{error}; the same will be found out again");
        }
    }
}

/// What is done, without whom to: the part before the slash.
fn failpoint_operation(purpose: &str) -> &str {
    purpose.split('/').next().unwrap_or_default()
}
