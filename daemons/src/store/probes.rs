//! The probes of a tester, and the receipts that prove what was served.

use alloy::primitives::Address;
use muster_client::protocol::receipt::supports;
use muster_client::protocol::report::Entry;
use muster_client::{ServiceReceipt, failed_entry};
use rusqlite::{OptionalExtension, params};

use super::database::{MAX_INTEGER, Store};
use super::error::StoreError;

/// One of the probes that a seat makes of a worker in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeId {
    /// The agreement.
    pub agreement: Address,
    /// The worker's index.
    pub worker: u8,
    /// The window.
    pub window: u8,
    /// The probe's number, counted from 0.
    pub number: u8,
}

/// What was measured of a worker in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// Probes that were begun.
    pub begun: u8,
    /// Those of them that count.
    pub made: u8,
    /// Those of them that were served.
    pub served: u8,
    /// The receipt that has most parts.
    pub receipt: Option<ServiceReceipt>,
}

impl Store {
    /// Stores that a probe begins, in a tick. Returns whether it may: not if it was begun before, so that no probe is
    /// made twice.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn begin_probe(&self, probe: &ProbeId, tick: u64) -> Result<bool, StoreError> {
        let ProbeId { agreement, worker, window, number } = *probe;
        let insert = "INSERT INTO probes (agreement, worker, window, number, tick)
            VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let values = params![agreement.0.0, worker, window, number, tick];
        Ok(self.write_beside_steps(|connection| connection.execute(insert, values))? == 1)
    }

    /// Stores the outcome of a probe that has begun: served, with its receipt, or failed. The first outcome is final.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn record_probe(
        &self,
        probe: &ProbeId,
        receipt: Option<&ServiceReceipt>,
    ) -> Result<(), StoreError> {
        let ProbeId { agreement, worker, window, number } = *probe;
        let address = agreement.0.0;
        let written = self.write_beside_steps(|connection| {
            let transaction = connection.transaction()?;
            let update = "UPDATE probes SET served = ?5 WHERE served IS NULL
                AND agreement = ?1 AND worker = ?2 AND window = ?3 AND number = ?4";
            let values = params![address, worker, window, number, receipt.is_some()];
            let new = transaction.execute(update, values)? == 1;
            if let Some(receipt) = receipt.filter(|_| new) {
                let select = "SELECT receipt FROM receipts
                    WHERE agreement = ?1 AND worker = ?2 AND window = ?3";
                let known: Option<String> = transaction
                    .query_row(select, params![address, worker, window], |row| row.get(0))
                    .optional()?;
                let known = known.and_then(|text| text.parse::<ServiceReceipt>().ok());
                if known.is_none_or(|known| known.parts.count_ones() < receipt.parts.count_ones()) {
                    let replace = "REPLACE INTO receipts (agreement, worker, window, receipt)
                        VALUES (?1, ?2, ?3, ?4)";
                    let values = params![address, worker, window, receipt.to_string()];
                    transaction.execute(replace, values)?;
                }
            }
            transaction.commit()
        });
        Ok(written?)
    }

    /// What was measured of a worker in a window, by probes that began before the tick `until`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub fn measurement(
        &self,
        agreement: Address,
        worker: u8,
        window: u8,
        until: u64,
    ) -> Result<Measurement, StoreError> {
        let (address, until) = (agreement.0.0, until.min(MAX_INTEGER));
        let connection = self.lock();
        let select = "SELECT count(*), count(served), coalesce(sum(served), 0) FROM probes
            WHERE agreement = ?1 AND worker = ?2 AND window = ?3 AND tick < ?4";
        let (begun, made, served) =
            connection.query_row(select, params![address, worker, window, until], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let select = "SELECT receipt FROM receipts
            WHERE agreement = ?1 AND worker = ?2 AND window = ?3";
        let receipt: Option<String> = connection
            .query_row(select, params![address, worker, window], |row| row.get(0))
            .optional()?;
        let receipt = receipt.and_then(|text| text.parse().ok());
        Ok(Measurement { begun, made, served, receipt })
    }
}

impl Measurement {
    /// The entry of a report about the worker at `index` in a window. A receipt with too few parts supports fewer
    /// served probes; a report that claimed more would be refused.
    #[must_use]
    pub fn entry(&self, index: u8, window: u8) -> Entry {
        let supported = |receipt: &ServiceReceipt| {
            (0..=self.served).rev().find(|served| supports(receipt.parts, *served)).unwrap_or(0)
        };
        match &self.receipt {
            Some(receipt) => receipt.entry(index, self.made, supported(receipt)),
            None => failed_entry(index, window, self.made),
        }
    }
}
