//! The probe of a worker that runs jobs: a job is posted as the client posts it, and its signed result compared with the
//! tester's own.

use std::sync::Arc;

use muster_client::Agreement;
use muster_compute::BlobError;
use muster_messaging::Endpoint;
use tokio::time::{Duration, Instant, timeout};

use super::reference_runner::ReferenceJob;
use crate::checks::{ProbeFailure, Prober, ServiceTarget};
use crate::job_client::{JobClient, JobEnd, JobFailure, ResultSigner, SLOWEST_UPLOAD};
use crate::job_outputs::fetch_small_outputs;
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

/// How long a job may wait at a worker until it runs: the worker may be busy with jobs of the client.
const QUEUE_TIME: Duration = Duration::from_mins(1);

/// When the parts of a job's probe are too slow.
#[derive(Clone, Copy, Debug)]
struct Deadlines {
    /// The job is taken, and its blobs are uploaded.
    taken: Duration,
    /// Its outputs are fetched.
    done: Duration,
}

impl Deadlines {
    /// Those of a job, if a response may take as long as `response`.
    fn of(job: &ReferenceJob, response: Duration) -> Self {
        let lengths = job.bundle.blobs.values().map(|bytes| u64::try_from(bytes.len()));
        let bytes = lengths.fold(0, |sum: u64, length| sum.saturating_add(length.unwrap_or(0)));
        let taken = response.saturating_add(Duration::from_secs(bytes.div_ceil(SLOWEST_UPLOAD)));
        let run = job.time.saturating_mul(4).saturating_add(QUEUE_TIME);
        Self { taken, done: taken.saturating_add(run) }
    }
}

impl Prober {
    /// Posts a job to the worker at `index`, and returns the text of the receipt with which the worker took it. It does not
    /// verify the receipt: [`verify_receipt`](crate::checks::verify_receipt) does. The worker must take the job as fast as it
    /// responds to any request, within `slow_after`; the result may take longer. The requests go on nevertheless, because a
    /// client's would: drop the future to end them.
    ///
    /// # Errors
    /// Why the probe failed: also if the result is not the reference's, or if the worker has not signed it or does not have its
    /// outputs.
    pub async fn probe_job(
        &self,
        job: &ReferenceJob,
        target: &ServiceTarget<'_>,
        (agreement, index): (&Agreement, u8),
        slow_after: Duration,
    ) -> Result<String, ProbeFailure> {
        let worker = agreement.terms().worker(index).ok_or(ProbeFailure::Inconclusive)?.account;
        let signer = ResultSigner { domain: agreement.receipt_domain(), worker };
        let endpoint =
            Endpoint { url: target.url.into(), token: target.token.into(), application: None };
        let client = JobClient::new(self.http.clone(), Arc::new(endpoint), target.session, signer);
        let (deadlines, begun) = (Deadlines::of(job, slow_after), Instant::now());
        let longest = deadlines.done.saturating_add(RESPONSE_TIMEOUT);
        let ask = async {
            let source = |blob: &_| job.bundle.source(blob);
            let receipt = client.submit(&job.bundle.job, source).await?.receipt;
            let is_taken = begun.elapsed() <= deadlines.taken;
            compare(&client, job).await?;
            let is_done = begun.elapsed() <= deadlines.done;
            if is_taken && is_done { Ok(receipt) } else { Err(ProbeFailure::NoResponse) }
        };
        let receipt = timeout(longest, ask).await.unwrap_or(Err(ProbeFailure::NoResponse))?;
        receipt.ok_or(ProbeFailure::NoReceipt)
    }
}

/// How long it takes until a job's probe has failed.
pub(super) fn slowest(job: &ReferenceJob, response: Duration) -> Duration {
    Deadlines::of(job, response).done
}

/// Waits for a result, compares it, and fetches its outputs.
async fn compare(client: &JobClient, job: &ReferenceJob) -> Result<(), ProbeFailure> {
    let stderr = match client.wait(job.bundle.job.id()).await?.body {
        JobEnd::Done(verified) if verified.result == job.result => verified.stderr,
        JobEnd::Done(_) => return Err(ProbeFailure::WrongResult),
        JobEnd::Unfinished(_) | JobEnd::Cancelled => return Err(ProbeFailure::NoResult),
    };
    fetch_small_outputs(client, &job.result, Some(job.stdout_size), stderr).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_runner::{TestRunner, bundle};

    #[tokio::test]
    async fn a_job_is_taken_at_once_and_may_wait_for_its_turn() {
        let runner = TestRunner::new(|_| {});
        let module = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;
        let mut job = runner.reference().run(bundle(module, |_| {})).await.unwrap();
        job.time = Duration::from_secs(3);
        let [response, second] = [2, 1].map(Duration::from_secs);
        let Deadlines { taken, done } = Deadlines::of(&job, response);
        assert_eq!((taken, done), (response + second, response + second + 72 * second));
        // A mebibyte takes sixteen seconds over a slow line.
        let blob = muster_compute::Digest::of(b"large");
        job.bundle.blobs.insert(blob, vec![0; 1 << 20].into());
        assert_eq!(Deadlines::of(&job, response).taken, response + 17 * second);
    }
}
