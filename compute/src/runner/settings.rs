//! How a runner works.

use crate::{engine::Optimization, job::Limits};
use std::{path::PathBuf, time::Duration};

/// How a runner works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The private folder of compiled modules.
    pub cache: PathBuf,
    /// Bytes that it may take.
    pub cache_size: u64,
    /// How hard the compiler tries.
    pub optimization: Optimization,
    /// The most that a job may ask for.
    pub limits: Limits,
    /// What compiling a module may take.
    pub compile: CompileLimits,
    /// How many times its processor time a child may take by the clock on the wall; ten seconds come on top.
    pub wall_factor: u32,
    /// The program that is started as a child: this one, if its `main` calls [`child_main`](crate::child_main).
    pub program: PathBuf,
}

/// What compiling one module may take. A module that needs more is not run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Processor time, in whole seconds.
    pub time: Duration,
    /// Bytes of memory.
    pub memory: u64,
}

impl Settings {
    /// 4 GiB of cache, jobs of up to 4 GiB and an hour, and two minutes and 4 GiB to compile.
    #[must_use]
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            cache_size: 4 << 30,
            optimization: Optimization::Speed,
            limits: Limits { memory: 4 << 30, storage: 4 << 30, time: 3_600_000 },
            compile: CompileLimits { time: Duration::from_mins(2), memory: 4 << 30 },
            wall_factor: 4,
            // The file that runs, even if another one was put in its place since.
            program: PathBuf::from("/proc/self/exe"),
        }
    }
}
