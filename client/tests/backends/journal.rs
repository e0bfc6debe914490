//! A journal in memory.

use std::io;
use std::sync::{Arc, Mutex};

use muster_client::{BoxError, SignedTx, TxJournal, TxOutcome};

use crate::env::wait_until;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct InMemoryJournal {
    /// Whether every transaction that is recorded fails to be sent.
    crashing: bool,
    /// The transactions that were recorded.
    signed: Mutex<Vec<SignedTx>>,
    /// Nonces and their outcomes.
    outcomes: Mutex<Vec<(u64, TxOutcome)>>,
}

impl TxJournal for InMemoryJournal {
    fn record(&self, _: &str, signed: &SignedTx) -> Result<(), BoxError> {
        self.signed.lock().unwrap().push(signed.clone());
        if self.crashing { Err(Box::new(io::Error::other("killed"))) } else { Ok(()) }
    }

    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        self.outcomes.lock().unwrap().push((signed.nonce(), outcome.clone()));
    }
}

impl InMemoryJournal {
    /// An empty journal.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// The journal of a program that is killed right after it records a transaction.
    pub(crate) fn crashing() -> Arc<Self> {
        Arc::new(Self { crashing: true, ..Self::default() })
    }

    /// The transactions that were recorded, decoded as from a disk.
    pub(crate) fn signed(&self) -> Vec<SignedTx> {
        let signed = self.signed.lock().unwrap();
        signed.iter().map(|signed| SignedTx::decode(signed.raw()).unwrap()).collect()
    }

    /// Nonces and their outcomes.
    pub(crate) fn outcomes(&self) -> Vec<(u64, TxOutcome)> {
        self.outcomes.lock().unwrap().clone()
    }

    /// Waits until this many were recorded.
    pub(crate) async fn wait_for_records(&self, count: usize) {
        wait_until(async || self.signed.lock().unwrap().len() >= count).await;
    }
}
