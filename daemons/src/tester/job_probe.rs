//! The probe of a worker that runs jobs: a job is posted as the client posts it, and its signed result compared with the
//! tester's own.

use std::collections::HashSet;
use std::sync::Arc;

use muster_client::Agreement;
use muster_compute::BlobError;
use muster_messaging::Endpoint;
use tokio::time::timeout;

use super::prober::{ProbeFailure, Prober, ServiceTarget};
use super::reference_runner::ReferenceJob;
use crate::job_client::{BlobSource, JobClient, JobEnd, JobFailure, Received, ResultSigner};
use crate::service_client::RESPONSE_TIMEOUT;

impl From<JobFailure> for ProbeFailure {
    fn from(failure: JobFailure) -> Self {
        match failure {
            JobFailure::NoConnection | JobFailure::NoResponse => Self::NoResponse,
            JobFailure::Cut => Self::Cut,
            JobFailure::Rejected(_) => Self::Rejected,
            JobFailure::UnexpectedStatus(_) => Self::UnexpectedStatus,
            JobFailure::Refused(_) => Self::JobRefused,
            JobFailure::WrongJob { .. } => Self::WrongResult,
            JobFailure::WrongSignature(_) => Self::WrongSignature,
            JobFailure::WrongBlob { .. } | JobFailure::Local(BlobError::TooLarge(_)) => {
                Self::WrongOutput
            }
            JobFailure::Local(_) => Self::Inconclusive,
            JobFailure::Malformed(_) => Self::WrongResponse,
        }
    }
}

impl Prober {
    /// Posts a job to the worker at `index`, and returns the text of the receipt that came with the last response. It does not
    /// verify the receipt: [`verify_receipt`](super::verify_receipt) does.
    ///
    /// # Errors
    /// Why the probe failed: also if the result is not the reference's, or if the worker has not signed it or does not have its
    /// outputs.
    pub async fn probe_job(
        &self,
        job: &ReferenceJob,
        target: &ServiceTarget<'_>,
        agreement: &Agreement,
        index: u8,
    ) -> Result<String, ProbeFailure> {
        let worker = agreement.terms().worker(index).ok_or(ProbeFailure::Inconclusive)?.account;
        let signer = ResultSigner { domain: agreement.receipt_domain(), worker };
        let endpoint = Endpoint { url: target.url.into(), token: target.token.into() };
        let client = JobClient::new(self.http.clone(), Arc::new(endpoint), target.session, signer);
        // A client waits longer for a job that takes longer.
        let time = RESPONSE_TIMEOUT.saturating_add(time_of(job));
        timeout(time, ask(&client, job)).await.unwrap_or(Err(ProbeFailure::NoResponse))
    }
}

/// The time that a job may take at a worker beyond that of other requests.
pub(super) const fn time_of(job: &ReferenceJob) -> tokio::time::Duration {
    job.time.saturating_mul(4)
}

/// Posts a job, and compares what comes back.
async fn ask(client: &JobClient, job: &ReferenceJob) -> Result<String, ProbeFailure> {
    let ReferenceJob { bundle, result, outputs, .. } = job;
    let id = bundle.job.id();
    let source = |blob: &_| {
        BlobSource::Bytes(bundle.blobs.get(blob).map(|bytes| bytes.to_vec()).unwrap_or_default())
    };
    client.submit(&bundle.job, source).await?;
    let Received { body, mut receipt } = client.wait(id).await?;
    match body {
        JobEnd::Done(verified) if verified.result == *result => {}
        JobEnd::Done(_) => return Err(ProbeFailure::WrongResult),
        JobEnd::Unfinished(_) | JobEnd::Cancelled => return Err(ProbeFailure::NoResult),
    }
    let mut fetched = HashSet::new();
    for (blob, size) in outputs {
        if fetched.insert(blob) {
            receipt = client.fetch(*blob, *size).await?.receipt;
        }
    }
    receipt.ok_or(ProbeFailure::NoReceipt)
}
