//! The probe of a worker that runs jobs: a synthetic job, posted as a tester posts its own.

use muster_client::Application;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::probe_context::ProbeContext;
use super::traffic_key::Route;
use crate::job_client::{BlobSource, JobClient, JobEnd, JobFailure, ResultSigner};
use crate::job_outputs::{fetch_and_drop, output_blobs};
use crate::service_client::RESPONSE_TIMEOUT;
use crate::synthetic_job::synthesize;

/// The most bytes of standard output that are fetched.
const MAX_STDOUT: u64 = 1 << 20;

impl ProbeContext {
    /// Whether the agreement's workers run jobs.
    pub(super) fn has_jobs(&self) -> bool {
        let header = &self.pool.agreement.terms().header;
        Application(header.application) == Application::WASM1
    }

    /// Has a worker run a synthetic job under a key. What comes of it does not matter.
    pub(super) async fn probe_with_job(&self, route: &Route) {
        let Ok(Ok(bundle)) = spawn_blocking(|| synthesize(rand::random())).await else { return };
        let Some(endpoint) = self.endpoint(route).await else {
            return self.report_failure(route, None);
        };
        let agreement = &self.pool.agreement;
        let Some(worker) = agreement.terms().worker(route.index) else { return };
        let signer = ResultSigner { domain: agreement.receipt_domain(), worker: worker.account };
        let (http, session) = (self.pool.http.clone(), route.key.session);
        let client = JobClient::new(http, endpoint.clone(), session, signer);
        let source = |blob: &_| {
            let bytes = bundle.blobs.get(blob).map(|bytes| bytes.to_vec());
            BlobSource::Bytes(bytes.unwrap_or_default())
        };
        let run = async {
            client.submit(&bundle.job, source).await?;
            if let JobEnd::Done(verified) = client.wait(bundle.job.id()).await?.body {
                let blobs = output_blobs(&verified.result, MAX_STDOUT);
                fetch_and_drop(&client, &blobs, verified.stderr).await?;
            }
            Ok::<_, JobFailure>(())
        };
        if let Ok(Err(failure)) = timeout(RESPONSE_TIMEOUT, run).await
            && failure.is_of_endpoint()
        {
            route.slot.forget(&endpoint);
            self.report_failure(route, failure.status());
        }
    }
}
