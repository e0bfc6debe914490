//! What is behind the gateway: one service for all agreements, or a process for each.

use std::collections::HashMap;

use alloy::primitives::Address;
use muster_gateway::{ServiceConfig, ServiceLimits, ServiceProcess, Upstream};

use crate::error::DaemonError;

/// Where the service comes from.
#[derive(Clone, Debug)]
pub enum ServiceSource {
    /// It runs already, and serves all agreements.
    Upstream(Upstream),
    /// A command that is started for each agreement when it is bought, see [`Service::command`].
    Command {
        /// The command line.
        command: Box<str>,
        /// What each process may use.
        limits: ServiceLimits,
    },
}

/// The services of all agreements.
#[derive(Debug)]
pub(super) struct Services {
    /// Where they come from.
    source: ServiceSource,
    /// Those that were started.
    processes: HashMap<Address, ServiceProcess>,
}

impl Services {
    /// No service yet.
    pub(super) fn new(source: ServiceSource) -> Self {
        Self { source, processes: HashMap::new() }
    }

    /// Sees to it that an agreement has its service.
    pub(super) fn start(&mut self, agreement: Address) -> Result<(), DaemonError> {
        if let ServiceSource::Command { command, limits } = &self.source
            && !self.processes.contains_key(&agreement)
        {
            let (command, limits) = (command.to_string(), *limits);
            let child =
                ServiceProcess::start(ServiceConfig { command, agreement: agreement.0.0, limits })?;
            self.processes.insert(agreement, child);
        }
        Ok(())
    }

    /// Where an agreement's service listens; `None` if it was not begun.
    pub(super) fn upstream(&self, agreement: Address) -> Option<Upstream> {
        match &self.source {
            ServiceSource::Upstream(upstream) => Some(upstream.clone()),
            ServiceSource::Command { .. } => {
                self.processes.get(&agreement).map(ServiceProcess::upstream)
            }
        }
    }

    /// Whether an agreement's service takes connections.
    pub(super) async fn is_up(&self, agreement: Address) -> bool {
        match self.upstream(agreement) {
            Some(upstream) => upstream.is_up().await,
            None => false,
        }
    }

    /// Ends the service of an agreement, unless it is that of all.
    pub(super) async fn stop(&mut self, agreement: Address) {
        if let Some(child) = self.processes.remove(&agreement) {
            child.stop().await;
        }
    }

    /// Ends everything that was started.
    pub(super) async fn stop_all(&mut self) {
        let ends = self.processes.drain().map(|(_, child)| child.stop());
        futures::future::join_all(ends).await;
    }
}
