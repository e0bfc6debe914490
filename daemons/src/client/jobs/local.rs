//! Jobs on this machine, to compare them with those of workers.

use std::path::PathBuf;
use std::sync::Arc;

use muster_compute::{BlobStore, Cancel, Execution, Job, Runner, Settings};
use tokio::task::spawn_blocking;

use super::error::JobsError;
use crate::cancel_on_drop::CancelOnDrop;

/// Runs jobs on this machine. Clones share the cache of compiled modules.
#[derive(Clone, Debug)]
pub struct LocalRunner {
    /// Runs them.
    runner: Arc<Runner>,
}

impl LocalRunner {
    /// Prepares to run jobs whose blobs are in a store. The folder `cache` is private.
    ///
    /// # Errors
    /// [`JobsError::Start`], if this program does not call [`muster_compute::child_main`] among others.
    pub fn new(cache: PathBuf, blobs: BlobStore) -> Result<Self, JobsError> {
        Ok(Self { runner: Arc::new(Runner::new(Settings::new(cache), blobs)?) })
    }

    /// Runs a job. Its outputs are in the store afterwards. Dropping the future ends the job.
    ///
    /// # Errors
    /// [`JobsError::Run`].
    pub async fn run(&self, job: &Job) -> Result<Execution, JobsError> {
        let cancel = Cancel::new().map_err(|error| JobsError::Run(error.into()))?;
        let _guard = CancelOnDrop(cancel.clone());
        let (runner, job) = (self.runner.clone(), job.clone());
        let ended = spawn_blocking(move || runner.run(&job, &cancel)).await;
        Ok(ended.map_err(|error| JobsError::Run(std::io::Error::other(error).into()))??)
    }
}
