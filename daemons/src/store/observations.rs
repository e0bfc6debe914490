//! What a tester saw, and the receipts that prove it.

use alloy::primitives::Address;
use muster_client::protocol::abi::Entry;
use muster_client::{ServiceReceipt, failed_entry};
use rusqlite::{OptionalExtension, params};

use super::Store;
use crate::error::StoreError;

/// What a tester saw of one worker, over all windows; bit k stands for window k.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    /// Windows in which it failed.
    pub failed: u32,
    /// The newest receipt, which names the windows in which it served.
    pub receipt: Option<ServiceReceipt>,
}

impl Store {
    /// Notes what was seen of a worker in a window: that it served, with the receipt for it, or that it
    /// failed. The first word about a window is the last one.
    ///
    /// A receipt that also names a window in which the worker failed is not taken, and nothing is said
    /// about the window it was given for: with it, the report could not say that the other one failed.
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
        let change = connection.transaction()?;
        let insert =
            "INSERT INTO sights (agreement, worker, window, served) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        let new = change.execute(insert, params![address, worker, window, receipt.is_some()])?;
        if let Some(receipt) = receipt.filter(|_| new == 1) {
            let replace = "REPLACE INTO receipts (agreement, worker, receipt) VALUES (?1, ?2, ?3)";
            change.execute(replace, params![address, worker, receipt.to_string()])?;
        }
        Ok(change.commit()?)
    }

    /// Everything that was seen of a worker.
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
    /// Windows in which it was looked at, with success or without.
    #[must_use]
    pub fn probed_windows(&self) -> u32 {
        self.failed | self.receipt.map_or(0, |receipt| receipt.served)
    }

    /// What is to be reported of it as the worker at `index`; `None` if it was not looked at.
    #[must_use]
    pub fn report_entry(&self, index: u8) -> Option<Entry> {
        match self.receipt {
            Some(receipt) => Some(receipt.entry(index, self.failed)),
            None => (self.failed != 0).then(|| failed_entry(index, self.failed)),
        }
    }
}
