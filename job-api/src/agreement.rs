//! What the server of one agreement works with.

use crate::{
    failure::{Failure, internal},
    host::JobHost,
    job_table::JobTable,
    module_check::CheckedModules,
    signer::ResultSigner,
    upload_locks::UploadLocks,
};
use muster_compute::{BlobStore, Runner};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

/// What the server of one agreement works with.
pub(crate) struct Agreement {
    /// What is shared with other agreements.
    pub(crate) host: JobHost,
    /// Runs the jobs.
    pub(crate) runner: Runner,
    /// Its jobs.
    pub(crate) jobs: JobTable,
    /// Modules that were checked.
    pub(crate) modules: CheckedModules,
    /// Uploads in progress.
    pub(crate) uploads: UploadLocks,
    /// Signs results.
    pub(crate) signer: Box<dyn ResultSigner>,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl Agreement {
    /// Its blobs.
    pub(crate) const fn blobs(&self) -> &BlobStore {
        self.runner.blobs()
    }

    /// Does something with files, on a thread that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let agreement = Arc::clone(self);
        let work = spawn_blocking(move || work(&agreement));
        work.await.map_err(|error| internal(&error))?
    }
}
