//! How services run on this machine.

use crate::ServiceLimits;
use muster_compute::CompileLimits;
use std::{path::PathBuf, time::Duration};

/// How services run on this machine.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// An existing folder for compiled code, which has no name there, and for sockets, each in a private folder.
    pub folder: PathBuf,
    /// The most that a service may ask for.
    pub limits: ServiceLimits,
    /// What compiling a component may take.
    pub compile: CompileLimits,
    /// Bytes of log that are kept of a service.
    pub log_size: usize,
    /// How long a process that ended at once is waited for, before it is started again. Doubles each time.
    pub shortest_backoff: Duration,
    /// How long at most. A process that ran for longer is started again as if it were the first.
    pub longest_backoff: Duration,
    /// The program that is started as a child: this one, if its `main` calls [`child_main`](crate::child_main).
    pub program: PathBuf,
}

impl Settings {
    /// Requests of up to 1 GiB, a minute of processor time and five minutes on the wall, 64 at once; two minutes and 4 GiB
    /// to compile; 256 KiB of log; 100 ms to 30 s between starts.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            limits: ServiceLimits {
                memory: 1 << 30,
                cpu_ms: 60_000,
                wall_ms: 300_000,
                requests: 64,
            },
            compile: CompileLimits { time: Duration::from_mins(2), memory: 4 << 30 },
            log_size: 256 << 10,
            shortest_backoff: Duration::from_millis(100),
            longest_backoff: Duration::from_secs(30),
            // The file that runs, even if another one was put in its place since.
            program: PathBuf::from("/proc/self/exe"),
        }
    }
}
