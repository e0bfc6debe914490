//! The services behind the gateway: one for all agreements, or a process for each.

use std::collections::HashMap;

use alloy::primitives::Address;
use muster_gateway::{ServiceConfig, ServiceProcess, Upstream};

use super::options::ServiceSource;
use crate::error::DaemonError;

/// The services of all agreements.
#[derive(Debug)]
pub(super) struct Services {
    /// Where they come from.
    source: ServiceSource,
    /// The processes that were started, by agreement.
    processes: HashMap<Address, ServiceProcess>,
}

impl Services {
    /// Starts nothing yet.
    pub(super) fn new(source: ServiceSource) -> Self {
        Self { source, processes: HashMap::new() }
    }

    /// Starts the process of an agreement, unless it runs or one service serves all.
    pub(super) fn start(&mut self, agreement: Address) -> Result<(), DaemonError> {
        if let ServiceSource::Command { command, limits } = &self.source
            && !self.processes.contains_key(&agreement)
        {
            let (command, limits) = (command.to_string(), *limits);
            let process =
                ServiceProcess::start(ServiceConfig { command, agreement: agreement.0.0, limits })?;
            self.processes.insert(agreement, process);
        }
        Ok(())
    }

    /// The address of an agreement's service; `None` if its process was not started.
    pub(super) fn upstream(&self, agreement: Address) -> Option<Upstream> {
        match &self.source {
            ServiceSource::Upstream(upstream) => Some(upstream.clone()),
            ServiceSource::Command { .. } => {
                self.processes.get(&agreement).map(ServiceProcess::upstream)
            }
        }
    }

    /// Whether an agreement's service accepts connections.
    pub(super) async fn is_up(&self, agreement: Address) -> bool {
        match self.upstream(agreement) {
            Some(upstream) => upstream.is_up().await,
            None => false,
        }
    }

    /// Stops the process of an agreement, if it has one.
    pub(super) async fn stop(&mut self, agreement: Address) {
        if let Some(process) = self.processes.remove(&agreement) {
            process.stop().await;
        }
    }

    /// Stops all processes at the same time.
    pub(super) async fn stop_all(&mut self) {
        let stops = self.processes.drain().map(|(_, process)| process.stop());
        futures::future::join_all(stops).await;
    }
}
