//! An outbox in memory.

use std::io;
use std::sync::{Arc, Mutex};

use muster_client::{BoxError, SignedTx, TxJournal, TxOutcome};

use crate::env::wait_until;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct InMemoryJournal {
    /// Whether nothing is sent that is written down.
    deadly: bool,
    /// What was remembered.
    signed: Mutex<Vec<SignedTx>>,
    /// What became of which nonce.
    outcomes: Mutex<Vec<(u64, TxOutcome)>>,
}

impl TxJournal for InMemoryJournal {
    fn record(&self, _: &str, signed: &SignedTx) -> Result<(), BoxError> {
        self.signed.lock().unwrap().push(signed.clone());
        if self.deadly { Err(Box::new(io::Error::other("killed"))) } else { Ok(()) }
    }

    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        self.outcomes.lock().unwrap().push((signed.nonce(), outcome.clone()));
    }
}

impl InMemoryJournal {
    /// Empty.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Of a program that is as good as dead once something is written down.
    pub(crate) fn deadly() -> Arc<Self> {
        Arc::new(Self { deadly: true, ..Self::default() })
    }

    /// What was remembered, as it would be read from a disk.
    pub(crate) fn signed(&self) -> Vec<SignedTx> {
        let signed = self.signed.lock().unwrap();
        signed.iter().map(|signed| SignedTx::decode(signed.raw()).unwrap()).collect()
    }

    /// What became of which nonce.
    pub(crate) fn outcomes(&self) -> Vec<(u64, TxOutcome)> {
        self.outcomes.lock().unwrap().clone()
    }

    /// Waits until so many were remembered.
    pub(crate) async fn wait_for_records(&self, count: usize) {
        wait_until(async || self.signed.lock().unwrap().len() >= count).await;
    }
}
