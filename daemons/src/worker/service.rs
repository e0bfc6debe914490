//! What is behind the gateway: one service for all agreements, or a process for each.

use std::collections::HashMap;

use alloy::primitives::Address;
use muster_gateway::{ServiceConfig, ServiceLimits, ServiceProcess, Upstream};

use crate::error::AgentError;

/// Where the service comes from.
#[derive(Clone, Debug)]
pub enum Source {
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
    source: Source,
    /// Those that were started.
    children: HashMap<Address, ServiceProcess>,
}

impl Services {
    /// No service yet.
    pub(super) fn new(source: Source) -> Self {
        Self { source, children: HashMap::new() }
    }

    /// Sees to it that an agreement has its service.
    pub(super) fn begin(&mut self, agreement: Address) -> Result<(), AgentError> {
        if let Source::Command { command, limits } = &self.source
            && !self.children.contains_key(&agreement)
        {
            let (command, limits) = (command.to_string(), *limits);
            let child =
                ServiceProcess::start(ServiceConfig { command, agreement: agreement.0.0, limits })?;
            self.children.insert(agreement, child);
        }
        Ok(())
    }

    /// Where an agreement's service listens; `None` if it was not begun.
    pub(super) fn upstream(&self, agreement: Address) -> Option<Upstream> {
        match &self.source {
            Source::Upstream(upstream) => Some(upstream.clone()),
            Source::Command { .. } => self.children.get(&agreement).map(ServiceProcess::upstream),
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
    pub(super) async fn end(&mut self, agreement: Address) {
        if let Some(child) = self.children.remove(&agreement) {
            child.stop().await;
        }
    }

    /// Ends everything that was started.
    pub(super) async fn stop(&mut self) {
        let ends = self.children.drain().map(|(_, child)| child.stop());
        futures::future::join_all(ends).await;
    }
}
