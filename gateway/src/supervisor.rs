//! The service as a process of the gateway's owner: started, started again when it dies, and ended with
//! everything that it started itself.

mod output;
mod process;

use std::time::Duration;

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use self::process::ProcessGroup;
use crate::{
    error::GatewayError,
    shutdown::{ShutdownSignal, wait},
    upstream::Upstream,
};

/// The longest pause between two starts. Whoever ran for longer is forgiven earlier deaths.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// A limit that nobody reaches.
const NO_LIFETIME_LIMIT: Duration = Duration::from_secs(1 << 30);

/// What to start for an agreement.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// A command line for `/bin/sh`, which stays in the foreground. It finds its agreement in `MUSTER_AGREEMENT` (hex) and the port of
    /// 127.0.0.1 to listen on in `PORT`, a new one at every start; of the owner's environment it sees all
    /// but what begins with `MUSTER_`.
    pub command: String,
    /// The agreement it serves.
    pub agreement: [u8; 20],
    /// What it may use.
    pub limits: ServiceLimits,
}

/// What a service may use. Each of its processes inherits `cpu` and `memory`, and they are set by the
/// shell's `ulimit`: where that cannot do it, the service does not start.
#[derive(Clone, Copy, Debug)]
pub struct ServiceLimits {
    /// Time on the processor of one process, in whole seconds; it dies of more, and starts again.
    pub cpu_time: Option<Duration>,
    /// Bytes of address space of one process, in whole KiB; it gets no more.
    pub memory_bytes: Option<u64>,
    /// How long the service may exist; it is ended then and does not start again.
    pub lifetime: Option<Duration>,
    /// The pause before it starts again after a death; twice as long after each further one, up to a minute.
    pub restart_backoff: Duration,
    /// How long it may take to end when it is told to, before it is killed.
    pub stop_timeout: Duration,
}

impl Default for ServiceLimits {
    /// No limits, a pause of a second, five seconds to end.
    fn default() -> Self {
        Self {
            cpu_time: None,
            memory_bytes: None,
            lifetime: None,
            restart_backoff: Duration::from_secs(1),
            stop_timeout: Duration::from_secs(5),
        }
    }
}

/// A service that is kept running until it is stopped or dropped, or this process dies.
#[derive(Debug)]
pub struct ServiceProcess {
    /// Where it listens.
    upstream: watch::Receiver<Upstream>,
    /// Tells it to end.
    shutdown: watch::Sender<bool>,
    /// Keeps it running.
    task: JoinHandle<()>,
}

impl ServiceProcess {
    /// Starts a service and returns when its process exists; it may take a while until it listens.
    ///
    /// # Errors
    /// [`GatewayError::Start`].
    pub fn start(service: ServiceConfig) -> Result<Self, GatewayError> {
        let process = ProcessGroup::start(&service)?;
        let (upstream_sender, upstream) = watch::channel(process.upstream());
        let (shutdown, signal) = watch::channel(false);
        let task = tokio::spawn(supervise(service, process, upstream_sender, signal));
        Ok(Self { upstream, shutdown, task })
    }

    /// Where it is told to listen since its last start.
    #[must_use]
    pub fn upstream(&self) -> Upstream {
        self.upstream.borrow().clone()
    }

    /// Tells the service to end, and waits until all of it has; what does not end in time is killed.
    pub async fn stop(mut self) {
        self.shutdown.send_replace(true);
        // It is ours alone, and nothing in it panics.
        drop((&mut self.task).await);
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        // The process ends by itself: it holds on to a pipe that is closed with this.
        self.task.abort();
    }
}

/// Keeps a service running until told to stop, or its time is over.
async fn supervise(
    service: ServiceConfig,
    first: ProcessGroup,
    upstream_sender: watch::Sender<Upstream>,
    mut shutdown: ShutdownSignal,
) {
    let limits = service.limits;
    let mut deadline = Box::pin(sleep(limits.lifetime.unwrap_or(NO_LIFETIME_LIMIT)));
    let mut next = Ok(first);
    let mut backoff = limits.restart_backoff;
    loop {
        let started = Instant::now();
        match next {
            Ok(mut process) => {
                upstream_sender.send_replace(process.upstream());
                tokio::select! {
                    status = process.wait() => tracing::warn!(?status, ?backoff, "the service has ended"),
                    () = &mut deadline => return process.terminate(limits.stop_timeout).await,
                    () = wait(&mut shutdown) => return process.terminate(limits.stop_timeout).await,
                }
            }
            Err(error) => tracing::warn!(%error, ?backoff, "the service does not start"),
        }
        if started.elapsed() > MAX_BACKOFF {
            backoff = limits.restart_backoff;
        }
        tokio::select! {
            () = sleep(backoff) => {}
            () = &mut deadline => return,
            () = wait(&mut shutdown) => return,
        }
        backoff = backoff.saturating_mul(2).min(MAX_BACKOFF);
        next = ProcessGroup::start(&service);
    }
}
