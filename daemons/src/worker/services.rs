//! The services behind the gateway: one for all agreements, or a process or a server of jobs for each.

use std::collections::HashMap;

use alloy::primitives::Address;
use alloy::signers::local::PrivateKeySigner;
use muster_client::Agreement;
use muster_gateway::{ServiceConfig, ServiceProcess, Upstream};
use muster_job_api::{JobHost, WorkerLimits};
use muster_messaging::JobLimits;

use super::job_folders::JobFolders;
use super::job_service::JobService;
use super::options::ServiceSource;
use crate::error::DaemonError;

/// The services of all agreements.
#[derive(Debug)]
pub(super) struct Services(Source);

/// Where services come from, and those that were started, by agreement.
#[derive(Debug)]
enum Source {
    /// One for all.
    Upstream(Upstream),
    /// Processes.
    Command {
        /// What to start; each agreement has its own.
        config: ServiceConfig,
        /// Those that were started.
        processes: HashMap<Address, ServiceProcess>,
    },
    /// Servers of jobs.
    Compute {
        /// Runs the jobs.
        host: JobHost,
        /// Where they are.
        folders: JobFolders,
        /// Signs their results.
        signer: PrivateKeySigner,
        /// Those that were started.
        servers: HashMap<Address, JobService>,
    },
}

impl Services {
    /// Starts nothing yet. `signer` is the worker's key.
    pub(super) fn new(source: ServiceSource, signer: &PrivateKeySigner) -> Self {
        Self(match source {
            ServiceSource::Upstream(upstream) => Source::Upstream(upstream),
            ServiceSource::Command { command, limits } => {
                let (command, agreement) = (command.into(), [0; 20]);
                let config = ServiceConfig { command, agreement, limits };
                Source::Command { config, processes: HashMap::new() }
            }
            ServiceSource::Compute { host, folder } => {
                let folders = JobFolders::new(&folder, signer.address());
                let (signer, servers) = (signer.clone(), HashMap::new());
                Source::Compute { host, folders, signer, servers }
            }
        })
    }

    /// How large the jobs are that a source takes; `None` if it does not run jobs itself.
    pub(super) fn job_limits(source: &ServiceSource) -> Option<JobLimits> {
        let ServiceSource::Compute { host, .. } = source else { return None };
        let WorkerLimits { job, running, waiting, blobs, profiles: _ } = host.limits().clone();
        let muster_compute::Limits { memory, storage, time } = job;
        Some(JobLimits { memory, storage, time, running, waiting, blobs })
    }

    /// Starts the service of an agreement, unless it runs or one serves all.
    pub(super) async fn start(&mut self, agreement: &Agreement) -> Result<(), DaemonError> {
        let address = agreement.address();
        match &mut self.0 {
            Source::Command { config, processes } if !processes.contains_key(&address) => {
                let config = ServiceConfig { agreement: address.0.0, ..config.clone() };
                processes.insert(address, ServiceProcess::start(config)?);
            }
            Source::Compute { host, folders, signer, servers }
                if !servers.contains_key(&address) =>
            {
                let folder = folders.of(address);
                let service = JobService::start(host, &folder, signer.clone(), agreement).await?;
                servers.insert(address, service);
            }
            _ => {}
        }
        Ok(())
    }

    /// The address of an agreement's service; `None` if it was not started.
    pub(super) fn upstream(&self, agreement: Address) -> Option<Upstream> {
        match &self.0 {
            Source::Upstream(upstream) => Some(upstream.clone()),
            Source::Command { processes, .. } => {
                processes.get(&agreement).map(ServiceProcess::upstream)
            }
            Source::Compute { servers, .. } => servers.get(&agreement).map(JobService::upstream),
        }
    }

    /// Whether an agreement's service accepts connections.
    pub(super) async fn is_up(&self, agreement: Address) -> bool {
        match self.upstream(agreement) {
            Some(upstream) => upstream.is_up().await,
            None => false,
        }
    }

    /// Stops the service of an agreement, if it has one of its own.
    pub(super) async fn stop(&mut self, agreement: Address) {
        match &mut self.0 {
            Source::Upstream(_) => {}
            Source::Command { processes, .. } => {
                if let Some(process) = processes.remove(&agreement) {
                    process.stop().await;
                }
            }
            Source::Compute { servers, .. } => {
                if let Some(server) = servers.remove(&agreement) {
                    server.stop().await;
                }
            }
        }
    }

    /// Stops the service of an agreement that is over, and deletes what it left on disk.
    pub(super) async fn delete(&mut self, agreement: Address) {
        self.stop(agreement).await;
        if let Source::Compute { folders, .. } = &self.0 {
            folders.delete(agreement).await;
        }
    }

    /// Deletes what is on disk of all agreements but these.
    pub(super) async fn delete_others(&self, open: &[Address]) {
        if let Source::Compute { folders, .. } = &self.0 {
            folders.delete_others(open).await;
        }
    }

    /// Stops all services at the same time.
    pub(super) async fn stop_all(&mut self) {
        match &mut self.0 {
            Source::Upstream(_) => {}
            Source::Command { processes, .. } => {
                let stops = processes.drain().map(|(_, process)| process.stop());
                futures::future::join_all(stops).await;
            }
            Source::Compute { servers, .. } => {
                let stops = servers.drain().map(|(_, server)| server.stop());
                futures::future::join_all(stops).await;
            }
        }
    }
}
