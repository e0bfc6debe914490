//! An outbox in memory.

use std::io;
use std::sync::{Arc, Mutex};

use muster_client::{Outbox, Outcome, Signed, Source};

use crate::stage::until;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Whether nothing is sent that is written down.
    deadly: bool,
    /// What was remembered.
    signed: Mutex<Vec<Signed>>,
    /// What became of which nonce.
    outcomes: Mutex<Vec<(u64, Outcome)>>,
}

impl Outbox for Notes {
    fn remember(&self, _: &str, signed: &Signed) -> Result<(), Source> {
        self.signed.lock().unwrap().push(signed.clone());
        if self.deadly { Err(Box::new(io::Error::other("killed"))) } else { Ok(()) }
    }

    fn outcome(&self, signed: &Signed, outcome: &Outcome) {
        self.outcomes.lock().unwrap().push((signed.nonce(), outcome.clone()));
    }
}

impl Notes {
    /// Empty.
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Of a program that is as good as dead once something is written down.
    pub(crate) fn deadly() -> Arc<Self> {
        Arc::new(Self { deadly: true, ..Self::default() })
    }

    /// What was remembered, as it would be read from a disk.
    pub(crate) fn signed(&self) -> Vec<Signed> {
        let signed = self.signed.lock().unwrap();
        signed.iter().map(|signed| Signed::decode(signed.raw()).unwrap()).collect()
    }

    /// What became of which nonce.
    pub(crate) fn outcomes(&self) -> Vec<(u64, Outcome)> {
        self.outcomes.lock().unwrap().clone()
    }

    /// Waits until so many were remembered.
    pub(crate) async fn remembered(&self, count: usize) {
        until(async || self.signed.lock().unwrap().len() >= count).await;
    }
}
