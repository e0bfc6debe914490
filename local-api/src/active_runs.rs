//! The runs that are under way.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use muster_compute::Digest;
use tokio::task::AbortHandle;

/// The runs that are under way.
#[derive(Debug, Default)]
pub(crate) struct ActiveRuns(Mutex<HashMap<Digest, AbortHandle>>);

impl ActiveRuns {
    /// The tasks of the runs, by id.
    pub(crate) fn tasks(&self) -> MutexGuard<'_, HashMap<Digest, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
