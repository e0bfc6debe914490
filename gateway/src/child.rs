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

use self::process::Process;
use crate::{
    address::Upstream,
    error::GatewayError,
    stopping::{Stopping, told},
};

/// The longest pause between two starts. Whoever ran for longer is forgiven earlier deaths.
const LONGEST: Duration = Duration::from_mins(1);

/// A limit that nobody reaches.
const FOREVER: Duration = Duration::from_secs(1 << 30);

/// What to start for an agreement.
#[derive(Clone, Debug)]
pub struct Service {
    /// A command line for `/bin/sh`, which stays in the foreground. It finds its agreement in `MUSTER_AGREEMENT` (hex) and the port of
    /// 127.0.0.1 to listen on in `PORT`, a new one at every start; of the owner's environment it sees all
    /// but what begins with `MUSTER_`.
    pub command: String,
    /// The agreement it assert_serves.
    pub agreement: [u8; 20],
    /// What it may use.
    pub limits: ChildLimits,
}

/// What a service may use. Each of its processes inherits `cpu` and `memory`, and they are set by the
/// shell's `ulimit`: where that cannot do it, the service does not start.
#[derive(Clone, Copy, Debug)]
pub struct ChildLimits {
    /// Time on the processor of one process, in whole seconds; it dies of more, and starts again.
    pub cpu: Option<Duration>,
    /// Bytes of address space of one process, in whole KiB; it gets no more.
    pub memory: Option<u64>,
    /// How long the service may exist; it is ended then and does not start again.
    pub time: Option<Duration>,
    /// The pause before it starts again after a death; twice as long after each further one, up to a minute.
    pub pause: Duration,
    /// How long it may take to end when it is told to, before it is killed.
    pub grace: Duration,
}

impl Default for ChildLimits {
    /// No limits, a pause of a second, five seconds to end.
    fn default() -> Self {
        Self {
            cpu: None,
            memory: None,
            time: None,
            pause: Duration::from_secs(1),
            grace: Duration::from_secs(5),
        }
    }
}

/// A service that is kept running until it is stopped or dropped, or this process dies.
#[derive(Debug)]
pub struct Child {
    /// Where it listens.
    upstream: watch::Receiver<Upstream>,
    /// Tells it to end.
    stopping: watch::Sender<bool>,
    /// Keeps it running.
    task: JoinHandle<()>,
}

impl Child {
    /// Starts a service and returns when its process exists; it may take a while until it listens.
    ///
    /// # Errors
    /// [`GatewayError::Start`].
    pub fn start(service: Service) -> Result<Self, GatewayError> {
        let process = Process::start(&service)?;
        let (moved, upstream) = watch::channel(process.upstream());
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(keep(service, process, moved, stopped));
        Ok(Self { upstream, stopping, task })
    }

    /// Where it is told to listen since its last start.
    #[must_use]
    pub fn upstream(&self) -> Upstream {
        self.upstream.borrow().clone()
    }

    /// Tells the service to end, and waits until all of it has; what does not end in time is killed.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        // It is ours alone, and nothing in it panics.
        drop((&mut self.task).await);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // The process ends by itself: it holds on to a pipe that is closed with this.
        self.task.abort();
    }
}

/// Keeps a service running until told to stop, or its time is over.
async fn keep(
    service: Service,
    first: Process,
    moved: watch::Sender<Upstream>,
    mut stopping: Stopping,
) {
    let limits = service.limits;
    let mut end = Box::pin(sleep(limits.time.unwrap_or(FOREVER)));
    let mut next = Ok(first);
    let mut pause = limits.pause;
    loop {
        let started = Instant::now();
        match next {
            Ok(mut process) => {
                moved.send_replace(process.upstream());
                tokio::select! {
                    status = process.ended() => tracing::warn!(?status, ?pause, "the service has ended"),
                    () = &mut end => return process.end(limits.grace).await,
                    () = told(&mut stopping) => return process.end(limits.grace).await,
                }
            }
            Err(error) => tracing::warn!(%error, ?pause, "the service does not start"),
        }
        if started.elapsed() > LONGEST {
            pause = limits.pause;
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = &mut end => return,
            () = told(&mut stopping) => return,
        }
        pause = pause.saturating_mul(2).min(LONGEST);
        next = Process::start(&service);
    }
}
