//! A client of a worker's job API, for testers and clients alike: it posts a job, uploads the blobs that the worker lacks,
//! waits for the end, verifies the signed result, and fetches blobs. Whatever a worker sends is checked before it is
//! returned.
//!
//! All requests of one [`JobClient`] show the token and the session of one key. Each method returns the receipt that came
//! with its last response, because a tester needs it. Dropping a future gives its request up; every request may be
//! repeated.

mod api_request;
mod blob_source;
mod blob_transfer;
mod failure;
mod signed_result;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use alloy::primitives::B256;
use muster_compute::{Digest, Job};
use muster_job_api::{ErrorCode, JobState, JobStatus};
use muster_messaging::Endpoint;

pub(crate) use self::blob_source::BlobSource;
pub use self::failure::JobFailure;
pub(crate) use self::failure::printable;
pub(crate) use self::signed_result::{ResultSigner, VerifiedResult};
use crate::service_client::ServiceClient;

/// The longest time in seconds that a worker is asked to keep a request open. Gateways wait no longer than a minute.
const LONGEST_WAIT: u32 = 30;

/// The slowest upload in bytes a second.
pub(crate) const SLOWEST_UPLOAD: u64 = 64 << 10;

/// How many times a job is posted: blobs can be evicted between their upload and the post.
const POSTS: u8 = 3;

/// Uses the job API of one worker under one key.
#[derive(Clone, Debug)]
pub(crate) struct JobClient {
    /// Makes the requests.
    http: ServiceClient,
    /// The worker's endpoint for the key.
    endpoint: Arc<Endpoint>,
    /// The session of the key.
    session: B256,
    /// Who signs results, and in which domain.
    signer: ResultSigner,
}

/// What was received, and the receipt that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received<T> {
    /// What was received.
    pub(crate) body: T,
    /// The text of the receipt. It is not verified.
    pub(crate) receipt: Option<String>,
}

/// How a job ended at a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobEnd {
    /// With a result that the worker signed.
    Done(Box<VerifiedResult>),
    /// Without a result, for a reason that lies in the worker.
    Unfinished(String),
    /// It was cancelled.
    Cancelled,
}

impl JobClient {
    /// A client of a worker's job API.
    pub(crate) const fn new(
        http: ServiceClient,
        endpoint: Arc<Endpoint>,
        session: B256,
        signer: ResultSigner,
    ) -> Self {
        Self { http, endpoint, session, signer }
    }

    /// Posts a job, which may have been posted before.
    ///
    /// # Errors
    /// [`JobFailure::Refused`] with [`ErrorCode::MissingBlobs`] names the blobs to upload first.
    pub(crate) async fn post(&self, job: &Job) -> Result<Received<JobStatus>, JobFailure> {
        let request = || self.http.post(self.url("/jobs")).body(job.canonical().to_vec());
        // The same job posted again is the same job, so a post that was cut is repeated as other requests are.
        let received = match self.send(request()).await {
            Err(JobFailure::Cut) => self.send(request()).await,
            sent => sent,
        };
        self.status(received?, job.id()).await
    }

    /// Posts a job, and uploads the blobs of it that the worker says it lacks.
    ///
    /// # Errors
    /// [`JobFailure`].
    pub(crate) async fn submit(
        &self,
        job: &Job,
        source: impl Fn(&Digest) -> BlobSource + Send + Sync,
    ) -> Result<Received<JobStatus>, JobFailure> {
        let mut posts = 1;
        loop {
            let refusal = match self.post(job).await {
                Err(JobFailure::Refused(refusal)) if refusal.error == ErrorCode::MissingBlobs => {
                    refusal
                }
                posted => return posted,
            };
            // A worker gets no blob that the job does not name.
            let is_named = |blob: &Digest| job.blobs().any(|named| named == *blob);
            if posts == POSTS || !refusal.blobs.iter().all(is_named) {
                return Err(JobFailure::Refused(refusal));
            }
            for blob in &refusal.blobs {
                self.upload(blob, source(blob)).await?;
            }
            posts = posts.saturating_add(1);
        }
    }

    /// Waits until a job has ended, without a timeout, and verifies its result.
    ///
    /// # Errors
    /// [`JobFailure::WrongJob`] and [`JobFailure::WrongSignature`] for a result that is not this job's, or not the worker's.
    pub(crate) async fn wait(&self, job: Digest) -> Result<Received<JobEnd>, JobFailure> {
        loop {
            let url = self.url(&format!("/jobs/{job}?wait={LONGEST_WAIT}"));
            let received = self.send(self.http.get(url)).await?;
            let Received { body, receipt } = self.status(received, job).await?;
            let body = match body.state {
                JobState::Waiting | JobState::Running => continue,
                JobState::Done => JobEnd::Done(Box::new(self.signer.verify(job, body)?)),
                JobState::Unfinished => {
                    JobEnd::Unfinished(printable(&body.reason.unwrap_or_default()))
                }
                JobState::Cancelled => JobEnd::Cancelled,
            };
            return Ok(Received { body, receipt });
        }
    }

    /// Cancels a job. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`JobFailure`].
    pub(crate) async fn cancel(&self, job: Digest) -> Result<Received<()>, JobFailure> {
        let url = self.url(&format!("/jobs/{job}"));
        let (response, receipt) = self.send(self.http.delete(url)).await?;
        self.read_rest(response).await?;
        Ok(Received { body: (), receipt })
    }
}
