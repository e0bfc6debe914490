//! What to run as a service, and what it may use.

use std::time::Duration;

/// The service of an agreement.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// A command line for `/bin/sh`; it must stay in the foreground.
    ///
    /// `MUSTER_AGREEMENT` holds the agreement's address in hex, and `PORT` the port of 127.0.0.1 to listen
    /// on, a new one at every start. The rest of the environment is the owner's without `MUSTER_*`. Standard
    /// input is empty; output is logged line by line, with tokens redacted, under the target `service`.
    pub command: String,
    /// Address of the agreement that it serves.
    pub agreement: [u8; 20],
    /// What it may use.
    pub limits: ServiceLimits,
}

/// Resources and timeouts of a service.
///
/// `cpu_time` and `memory_bytes` hold for each process of the service by itself: the shell's `ulimit` sets
/// them and child processes inherit them. Where `ulimit` fails, the service does not start.
#[derive(Clone, Copy, Debug)]
pub struct ServiceLimits {
    /// CPU time of a process, rounded down to seconds. A process that exceeds it is killed; if it was the
    /// service itself, the service restarts.
    pub cpu_time: Option<Duration>,
    /// Address space of a process in bytes, rounded down to KiB. Allocations beyond it fail.
    pub memory_bytes: Option<u64>,
    /// Time from the first start until the service is stopped for good.
    pub lifetime: Option<Duration>,
    /// The pause before the first restart; it doubles with every further one, up to a minute.
    pub restart_backoff: Duration,
    /// Time from SIGTERM to SIGKILL; a drop rounds it down to seconds.
    pub stop_timeout: Duration,
}

impl Default for ServiceLimits {
    /// No limits, a restart after a second, five seconds to stop.
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
