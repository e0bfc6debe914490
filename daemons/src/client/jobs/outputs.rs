//! What a job left: fetched from the workers that agree on it, and verified.

use muster_compute::{BlobError, Digest, Job, JobResult};
use tokio::time::{Duration, sleep};

use super::error::JobsError;
use super::handle::Shared;
use crate::job_client::{JobClient, JobFailure};
use crate::job_outputs::{MAX_STDERR, output_blobs};

/// The pauses before each attempt to fetch a blob from workers of which one is away.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What came of asking all workers for a blob.
enum Fetched {
    /// It is in the store.
    Here,
    /// All refused it, or there is nobody to ask; why the last one did.
    Refused(Option<String>),
    /// None sent it, and one of them is away: why.
    Away(String),
}

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

    /// Fetches one blob from the first worker that sends it; or says what the last one failed with. Workers that are away may
    /// come back soon.
    async fn fetch_blob(
        &self,
        blob: Digest,
        limit: u64,
        sources: &[Source],
    ) -> Result<Result<(), String>, BlobError> {
        let mut reason = "no worker has it".to_owned();
        for pause in PAUSES {
            sleep(pause).await;
            match self.fetch_blob_once(blob, limit, sources).await? {
                Fetched::Here => return Ok(Ok(())),
                Fetched::Refused(failure) => return Ok(Err(failure.unwrap_or(reason))),
                Fetched::Away(failure) => reason = failure,
            }
        }
        Ok(Err(reason))
    }

    /// Asks every worker once for a blob, until one sends it.
    async fn fetch_blob_once(
        &self,
        blob: Digest,
        limit: u64,
        sources: &[Source],
    ) -> Result<Fetched, BlobError> {
        let store = &self.options.blobs;
        if store.size(&blob)?.is_some() {
            return Ok(Fetched::Here);
        }
        let (mut refused, mut away) = (None, None);
        for source in sources {
            for is_fresh in [false, true] {
                // The window of the key under which it answered may be over.
                let fetched = match (&source.client, is_fresh) {
                    (_, true) => self.fetch_under_another_key(source.index, blob, limit).await,
                    (Some(client), false) => client.fetch_into(blob, limit, store).await,
                    (None, false) => continue,
                };
                match fetched {
                    Ok(()) => return Ok(Fetched::Here),
                    Err(JobFailure::Local(error @ (BlobError::Full(_) | BlobError::Io(_)))) => {
                        return Err(error);
                    }
                    Err(failure) if failure.is_of_endpoint() => away = Some(failure.to_string()),
                    Err(failure) => refused = Some(failure.to_string()),
                }
            }
        }
        Ok(away.map_or(Fetched::Refused(refused), Fetched::Away))
    }

    /// Fetches a blob under another key at a worker. An endpoint that does not work is asked for anew the next time: a worker that
    /// was started again may have another one.
    async fn fetch_under_another_key(
        &self,
        index: u8,
        blob: Digest,
        limit: u64,
    ) -> Result<(), JobFailure> {
        let route = self.route(None, index).ok_or(JobFailure::NoConnection)?;
        let endpoint = self.probe_context.endpoint(&route).await;
        let endpoint = endpoint.ok_or(JobFailure::NoConnection)?;
        let client = self.probe_context.job_client(&route, endpoint.clone());
        let fetched = client.fetch_into(blob, limit, &self.options.blobs).await;
        if fetched.as_ref().is_err_and(JobFailure::is_of_endpoint) {
            route.slot.forget(&endpoint);
        }
        fetched
    }

    /// Uses another key at a worker.
    pub(super) async fn fresh_client(&self, index: u8) -> Option<JobClient> {
        let route = self.route(None, index)?;
        let endpoint = self.probe_context.endpoint(&route).await?;
        Some(self.probe_context.job_client(&route, endpoint))
    }
}
