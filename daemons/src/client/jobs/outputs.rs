//! What a job left: fetched from the workers that agree on it, and verified.

use muster_compute::{BlobError, Digest, Job, JobResult};

use super::error::JobsError;
use super::handle::Shared;
use crate::job_client::{JobClient, JobFailure};
use crate::job_outputs::{MAX_STDERR, output_blobs};

/// A worker that has the outputs of a job.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its index.
    pub(super) index: u8,
    /// Uses the key under which it answered, if it did in this run.
    pub(super) client: Option<JobClient>,
    /// The blob of its standard error.
    pub(super) stderr: Option<Digest>,
}

impl Shared {
    /// Fetches every blob of a result that is not here, each from the first worker that sends it; and standard error, if
    /// one sends it. Returns that blob.
    ///
    /// # Errors
    /// [`JobsError::NoOutput`] if no worker sends a blob; [`JobsError::Blob`] if it does not fit on the disk.
    pub(super) async fn fetch_outputs(
        &self,
        job: &Job,
        result: &JobResult,
        sources: &[Source],
    ) -> Result<Option<Digest>, JobsError> {
        self.options.blobs.put(b"")?;
        let storage = job.document().limits.storage;
        for (blob, limit) in output_blobs(result, storage) {
            if let Err(reason) = self.fetch_blob(blob, limit, sources).await? {
                let (job, reason) = (job.id(), reason.into());
                return Err(JobsError::NoOutput { job, blob, reason });
            }
        }
        for source in sources {
            let own = std::slice::from_ref(source);
            if let Some(stderr) = source.stderr
                && self.fetch_blob(stderr, MAX_STDERR, own).await?.is_ok()
            {
                return Ok(Some(stderr));
            }
        }
        Ok(None)
    }

    /// Fetches one blob from the first worker that sends it; or says what the last one failed with.
    async fn fetch_blob(
        &self,
        blob: Digest,
        limit: u64,
        sources: &[Source],
    ) -> Result<Result<(), String>, BlobError> {
        let store = &self.options.blobs;
        if store.size(&blob)?.is_some() {
            return Ok(Ok(()));
        }
        let mut reason = "no worker has it".to_owned();
        for source in sources {
            for is_fresh in [false, true] {
                // The window of the key under which it answered may be over.
                let client = if is_fresh {
                    self.fresh_client(source.index).await
                } else {
                    source.client.clone()
                };
                let Some(client) = client else { continue };
                match client.fetch_into(blob, limit, store).await {
                    Ok(()) => return Ok(Ok(())),
                    Err(JobFailure::Local(error @ (BlobError::Full(_) | BlobError::Io(_)))) => {
                        return Err(error);
                    }
                    Err(failure) => reason = failure.to_string(),
                }
            }
        }
        Ok(Err(reason))
    }

    /// Uses another key at a worker.
    pub(super) async fn fresh_client(&self, index: u8) -> Option<JobClient> {
        let route = self.route(None, index)?;
        let endpoint = self.probe_context.endpoint(&route).await?;
        Some(self.probe_context.job_client(&route, endpoint))
    }
}
