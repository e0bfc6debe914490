//! The client's part in one agreement whose workers it uses: their keys and endpoints, and everything else until the settlement.

use std::future::Future;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::daemon::ClientDaemon;
use super::key_tasks::KeyTasks;
use super::options::ClientOptions;
use super::probe_context::ProbeContext;
use crate::context::DaemonContext;
use crate::error::DaemonError;
use crate::health::NextEvent;
use crate::run_loop::Daemon;

/// A client of one agreement.
#[derive(Debug)]
pub(super) struct AgreementClient {
    /// Does everything apart from keys.
    client: ClientDaemon,
    /// Opens keys, and keeps the endpoints of workers up to date.
    key_tasks: KeyTasks,
    /// Cancelled when the agreement is settled.
    has_ended: CancellationToken,
}

impl AgreementClient {
    /// Opens the keys of this moment, and starts the client of their agreement. `only_agreement` of the options is ignored.
    ///
    /// # Errors
    /// As [`ClientDaemon::start`].
    pub(super) async fn start(
        context: DaemonContext,
        probe_context: Arc<ProbeContext>,
        options: ClientOptions,
    ) -> Result<Self, DaemonError> {
        let only_agreement = Some(probe_context.pool.agreement.address());
        let mut key_tasks = KeyTasks::new(probe_context);
        key_tasks.step().await?;
        let options = ClientOptions { only_agreement, ..options };
        let client = ClientDaemon::start(context, options).await?;
        Ok(Self { client, key_tasks, has_ended: CancellationToken::new() })
    }

    /// Completes when the agreement is settled. It never does if this is dropped before that.
    pub(super) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.has_ended.clone().cancelled_owned()
    }
}

impl Daemon for AgreementClient {
    async fn step(&mut self) -> Result<NextEvent, DaemonError> {
        if !self.client.is_over() {
            self.key_tasks.step().await?;
        }
        let next_event = self.client.step().await?;
        if self.client.is_over() {
            self.has_ended.cancel();
            return Ok(NextEvent::untimed("nothing: the agreement is settled"));
        }
        Ok(next_event)
    }

    async fn stop(&mut self) {
        self.client.stop().await;
    }
}
