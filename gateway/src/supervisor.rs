//! The service as a supervised process: started, restarted when it exits, and stopped with every process
//! that it started.

mod config;
mod output;
mod process;

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

pub use self::config::{ServiceConfig, ServiceLimits};
use self::process::ProcessGroup;
use crate::{error::GatewayError, upstream::Upstream};

/// The longest pause before a restart. A run that is longer than this resets the pause.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// The lifetime of a service without a limit.
const NO_LIFETIME_LIMIT: Duration = Duration::from_secs(1 << 30);

/// A service that is kept running until it is stopped or dropped, or the owner's process dies.
///
/// A drop stops it too, but does not wait: the service's process group gets SIGTERM, and SIGKILL after
/// [`ServiceLimits::stop_timeout`].
#[derive(Debug)]
pub struct ServiceProcess {
    /// Where the service listens.
    upstream: watch::Receiver<Upstream>,
    /// Cancelled by [`Self::stop`].
    shutdown: CancellationToken,
    /// Supervises the service. When it is aborted, it drops the pipe by which the service ends itself.
    task: AbortOnDropHandle<()>,
}

impl ServiceProcess {
    /// Starts a service. Its process exists when this returns, but may not listen yet. A later start that
    /// fails is logged and retried like an exit.
    ///
    /// # Errors
    /// [`GatewayError::StartService`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(service: ServiceConfig) -> Result<Self, GatewayError> {
        let process = ProcessGroup::start(&service)?;
        let (upstream_sender, upstream) = watch::channel(process.upstream());
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(supervise(service, process, upstream_sender, shutdown.clone()));
        Ok(Self { upstream, shutdown, task: AbortOnDropHandle::new(task) })
    }

    /// The address that the service is told to listen on; every restart changes it.
    #[must_use]
    pub fn upstream(&self) -> Upstream {
        self.upstream.borrow().clone()
    }

    /// Stops the service with SIGTERM, and with SIGKILL after [`ServiceLimits::stop_timeout`]; returns when
    /// its process has exited and the rest of its process group has been killed.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // The task is neither aborted nor does it panic.
        drop(self.task.await);
    }
}

/// Keeps a service running until `shutdown` is cancelled or its lifetime is over.
async fn supervise(
    service: ServiceConfig,
    first: ProcessGroup,
    upstream_sender: watch::Sender<Upstream>,
    shutdown: CancellationToken,
) {
    let limits = service.limits;
    let agreement = const_hex::encode_prefixed(service.agreement);
    let mut deadline = Box::pin(sleep(limits.lifetime.unwrap_or(NO_LIFETIME_LIMIT)));
    let mut next = Ok(first);
    let mut pauses = restart_pauses(limits.restart_backoff);
    loop {
        let started = Instant::now();
        let exited = match next {
            Ok(mut process) => {
                upstream_sender.send_replace(process.upstream());
                tokio::select! {
                    status = process.wait() => Ok(status),
                    () = &mut deadline => return process.terminate(limits.stop_timeout).await,
                    () = shutdown.cancelled() => return process.terminate(limits.stop_timeout).await,
                }
            }
            Err(error) => Err(error),
        };
        if started.elapsed() > MAX_BACKOFF {
            pauses = restart_pauses(limits.restart_backoff);
        }
        let pause = pauses.next().unwrap_or(MAX_BACKOFF);
        match exited {
            Ok(status) => {
                tracing::warn!(%agreement, ?status, restart_in = ?pause, "service exited");
            }
            Err(error) => {
                tracing::warn!(%agreement, %error, retry_in = ?pause, "service start failed");
            }
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = &mut deadline => return,
            () = shutdown.cancelled() => return,
        }
        next = ProcessGroup::start(&service);
    }
}

/// The pauses before restarts that follow each other closely: each is twice as long as the one before.
fn restart_pauses(first: Duration) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(MAX_BACKOFF)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_before_a_restart_doubles_up_to_a_minute() {
        let pauses: Vec<_> =
            restart_pauses(Duration::from_secs(10)).map(|pause| pause.as_secs()).take(5).collect();
        assert_eq!(pauses, [10, 20, 40, 60, 60]);
    }
}
