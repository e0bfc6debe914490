//! The journal of transactions: each is stored before any node gets it, and until its outcome is known.

use alloy::primitives::B256;
use muster_client::{SignedTx, TxJournal, TxOutcome};
use muster_messaging::BoxError;
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;
use crate::failpoint::fail_point;

impl Store {
    /// The transactions without an outcome, by nonce.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn pending_txs(&self) -> Result<Vec<SignedTx>, StoreError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT raw FROM outbox ORDER BY nonce")?;
        let rows = select.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
        let raw = rows.collect::<Result<Vec<_>, _>>()?;
        // Only signed transactions are written, so each of them decodes.
        Ok(raw.iter().filter_map(|raw| SignedTx::decode(raw)).collect())
    }

    /// The hash of the successful transaction of this purpose, if there was one.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn completed_tx(&self, purpose: &str) -> Result<Option<B256>, StoreError> {
        let select = "SELECT hash FROM done WHERE purpose = ?1";
        let connection = self.lock();
        let row = connection.query_row(select, params![purpose], |row| Ok(B256::new(row.get(0)?)));
        Ok(row.optional()?)
    }

    /// The purpose of a transaction that has no outcome yet.
    fn purpose_of(&self, signed: &SignedTx) -> Result<Option<String>, StoreError> {
        let select = "SELECT purpose FROM outbox WHERE nonce = ?1";
        let connection = self.lock();
        Ok(connection.query_row(select, params![signed.nonce()], |row| row.get(0)).optional()?)
    }

    /// Deletes all transactions of a nonce, and stores the hash of one that succeeded under its purpose, in one
    /// database transaction.
    fn store_outcome(
        &self,
        signed: &SignedTx,
        purpose: &str,
        outcome: &TxOutcome,
    ) -> Result<(), StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM outbox WHERE nonce = ?1", params![signed.nonce()])?;
        if let TxOutcome::Mined(receipt) = outcome
            && receipt.success
        {
            let replace = "REPLACE INTO done (purpose, hash) VALUES (?1, ?2)";
            transaction.execute(replace, params![purpose, receipt.transaction.0])?;
        }
        Ok(transaction.commit()?)
    }
}

impl TxJournal for Store {
    fn record(&self, purpose: &str, signed: &SignedTx) -> Result<(), BoxError> {
        fail_point!(purpose, "signed");
        let insert = "INSERT INTO outbox (hash, purpose, nonce, raw) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        let (hash, raw) = (signed.hash(), signed.raw());
        self.lock().execute(insert, params![hash.0, purpose, signed.nonce(), raw.as_ref()])?;
        fail_point!(purpose, "journaled");
        Ok(())
    }

    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        if let TxOutcome::Mined(receipt) = outcome {
            metrics::counter!("muster_transactions_total").increment(1);
            metrics::counter!("muster_gas_used_total").increment(receipt.gas_used);
        }
        let stored = self.purpose_of(signed).and_then(|purpose| {
            let purpose = purpose.unwrap_or_default();
            fail_point!(&purpose, "mined");
            self.store_outcome(signed, &purpose, outcome)?;
            fail_point!(&purpose, "recorded");
            Ok(())
        });
        if let Err(error) = stored {
            // The next step asks for the outcome again.
            tracing::error!(transaction = %signed.hash(), %error, "outcome not recorded");
        }
    }
}
