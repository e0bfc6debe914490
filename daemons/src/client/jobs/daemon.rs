//! The client's part in one agreement, while its jobs run.

use std::sync::Arc;

use alloy::primitives::Address;
use muster_messaging::ProxyUrl;

use super::handle::{Jobs, RunOptions};
use crate::client::agreement_client::AgreementClient;
use crate::client::job_samples::JobSamples;
use crate::client::options::ClientOptions;
use crate::client::probe_context::ProbeContext;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::run_loop::Daemon;

/// What an operator chooses about a client that runs jobs.
#[derive(Clone, Debug)]
pub struct JobsOptions {
    /// How jobs are run.
    pub run: RunOptions,
    /// The proxy for connections to workers, if there is one. Without one, workers know the client by its address.
    pub proxy: Option<ProxyUrl>,
    /// What the client does apart from that. `only_agreement` and `samples` are ignored.
    pub client: ClientOptions,
}

/// A client of one agreement, whose workers run jobs.
#[derive(Debug)]
pub struct JobsDaemon {
    /// Does everything apart from jobs.
    client: AgreementClient,
    /// Runs jobs.
    jobs: Jobs,
}

impl JobsDaemon {
    /// Starts the client of an agreement.
    ///
    /// # Errors
    /// [`DaemonError::Market`] if there is no such agreement, [`DaemonError::NotClient`], [`DaemonError::Message`],
    /// [`DaemonError::Store`], [`DaemonError::Http`].
    pub async fn start(
        context: DaemonContext,
        agreement: Address,
        options: JobsOptions,
    ) -> Result<Self, DaemonError> {
        #[cfg(feature = "failpoints")]
        crate::failpoint::declare(crate::client::failpoints::FAILPOINTS);
        let JobsOptions { run, proxy, client } = options;
        let mut probe_context =
            ProbeContext::open(&context, agreement, Vec::new(), proxy.as_ref()).await?;
        let handle = probe_context.pool.agreement.clone();
        let samples = Arc::new(JobSamples::new(handle, context.store().clone(), run.blobs.clone()));
        probe_context.jobs = Some(samples.clone());
        let probe_context = Arc::new(probe_context);
        let client_options = ClientOptions { samples: Some(samples), ..client };
        let client = AgreementClient::start(context, probe_context.clone(), client_options).await?;
        Ok(Self { client, jobs: Jobs::new(probe_context, run) })
    }

    /// What runs jobs. They make progress while the daemon's steps are made.
    #[must_use]
    pub fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }
}

impl Daemon for JobsDaemon {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        self.client.step().await
    }

    async fn stop(&mut self) {
        self.client.stop().await;
    }
}
