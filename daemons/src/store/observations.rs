//! What a tester observed of workers, and the receipts that prove it.

use alloy::primitives::Address;
use muster_client::protocol::abi::Entry;
use muster_client::{ServiceReceipt, failed_entry};
use rusqlite::{OptionalExtension, params};

use super::database::Store;
use super::error::StoreError;

/// What was observed of one worker over all windows; bit k stands for window k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// The windows in which it failed.
    pub failed: u32,
    /// Its newest receipt, which names the windows in which it served.
    pub receipt: Option<ServiceReceipt>,
}

impl Store {
    /// Stores what was observed of a worker in a window: that it served, with its receipt, or that it failed. The first
    /// observation of a window is final.
    ///
    /// A receipt that also names a window in which the worker failed is ignored, and with it the observation: a report
    /// with this receipt could not say that the worker failed in the other window.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_observation(
        &self,
        agreement: Address,
        worker: u8,
        window: u8,
        receipt: Option<&ServiceReceipt>,
    ) -> Result<(), StoreError> {
        let failed = self.observations(agreement, worker)?.failed;
        if receipt.is_some_and(|receipt| receipt.served & failed != 0) {
            return Ok(());
        }
        let address = agreement.0.0;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let insert =
            "INSERT INTO sights (agreement, worker, window, served) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        let new =
            transaction.execute(insert, params![address, worker, window, receipt.is_some()])?;
        if let Some(receipt) = receipt.filter(|_| new == 1) {
            let replace = "REPLACE INTO receipts (agreement, worker, receipt) VALUES (?1, ?2, ?3)";
            transaction.execute(replace, params![address, worker, receipt.to_string()])?;
        }
        Ok(transaction.commit()?)
    }

    /// Everything that was observed of a worker.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn observations(&self, agreement: Address, worker: u8) -> Result<Observations, StoreError> {
        let key_params = params![agreement.0.0, worker];
        let connection = self.lock();
        let failed = "SELECT coalesce(sum(1 << window), 0) FROM sights
            WHERE agreement = ?1 AND worker = ?2 AND NOT served";
        let failed = connection.query_row(failed, key_params, |row| row.get(0))?;
        let receipt = "SELECT receipt FROM receipts WHERE agreement = ?1 AND worker = ?2";
        let receipt: Option<String> =
            connection.query_row(receipt, key_params, |row| row.get(0)).optional()?;
        Ok(Observations { failed, receipt: receipt.and_then(|text| text.parse().ok()) })
    }
}

impl Observations {
    /// The windows with an observation.
    #[must_use]
    pub fn probed_windows(&self) -> u32 {
        self.failed | self.receipt.map_or(0, |receipt| receipt.served)
    }

    /// The entry of a report about the worker at `index`; `None` if there is no observation.
    #[must_use]
    pub fn report_entry(&self, index: u8) -> Option<Entry> {
        match self.receipt {
            Some(receipt) => Some(receipt.entry(index, self.failed)),
            None => (self.failed != 0).then(|| failed_entry(index, self.failed)),
        }
    }
}
