//! The probes of workers that run jobs, which hide the client's own jobs as other probes hide other requests: jobs that testers
//! could have made, and jobs that the worker was sent before, because testers post these too.

use std::sync::Arc;

use muster_compute::{Digest, Job};
use muster_messaging::Endpoint;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::probe_context::ProbeContext;
use super::traffic_key::Route;
use crate::job_client::{BlobSource, JobClient, JobEnd, JobFailure, ResultSigner};
use crate::job_outputs::fetch_small_outputs;
use crate::service_client::RESPONSE_TIMEOUT;
use crate::synthetic_job::synthesize;

impl ProbeContext {
    /// Uses the job API of a worker under a key.
    pub(super) fn job_client(&self, route: &Route, endpoint: Arc<Endpoint>) -> JobClient {
        let worker = self.pool.agreement.terms().worker(route.index);
        let worker = worker.map(|worker| worker.account).unwrap_or_default();
        let signer = ResultSigner { domain: self.pool.agreement.receipt_domain(), worker };
        JobClient::new(self.pool.http.clone(), endpoint, route.key.session, signer)
    }

    /// Probes a worker by a job under a key.
    pub(super) async fn probe_by_job(&self, route: &Route, endpoint: &Arc<Endpoint>) {
        let client = self.job_client(route, endpoint.clone());
        let failure = match timeout(RESPONSE_TIMEOUT, self.post_job(&client, route.index)).await {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(_) => JobFailure::NoResponse,
        };
        if failure.is_of_endpoint() {
            route.slot.forget(endpoint);
        }
        self.report_failure(route, failure.status());
    }

    /// Posts a job, and does with it what a tester does. Every other job is one that the worker was sent, if there is one.
    async fn post_job(&self, client: &JobClient, worker: u8) -> Result<(), JobFailure> {
        if let Some(jobs) = self.jobs.as_ref().filter(|_| rand::random())
            && let Ok(Some(job)) = jobs.sent_job(worker)
        {
            return post(client, &job, |blob| BlobSource::File(jobs.path(blob))).await;
        }
        // It takes milliseconds of processor time.
        let bundle = match spawn_blocking(|| synthesize(rand::random())).await {
            Ok(Ok(bundle)) => bundle,
            failed => {
                tracing::error!(?failed, "no job to probe with");
                return Ok(());
            }
        };
        post(client, &bundle.job, |blob| bundle.source(blob)).await
    }
}

/// Posts a job, waits for its end, and fetches what it left.
async fn post(
    client: &JobClient,
    job: &Job,
    source: impl Fn(&Digest) -> BlobSource + Send + Sync,
) -> Result<(), JobFailure> {
    client.submit(job, source).await?;
    match client.wait(job.id()).await?.body {
        JobEnd::Done(verified) => {
            fetch_small_outputs(client, &verified.result, None, verified.stderr).await.map(drop)
        }
        JobEnd::Unfinished(_) | JobEnd::Cancelled => Ok(()),
    }
}
