//! Runs jobs in child processes.

mod code;
mod job;
mod process;

pub use job::Execution;

use crate::{
    BlobStore, Cancel, Digest, Limits, Optimization, Protection, RunError, StartError,
    cache::Cache,
    engine,
    frame::Frame,
    request::{CHILD_VARIABLE, Request},
};
use process::Process;
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What a child gets by the clock on the wall beside a multiple of its processor time.
const GRACE: Duration = Duration::from_secs(10);

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
    pub patience: u32,
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
            compile: CompileLimits { time: Duration::from_secs(120), memory: 4 << 30 },
            patience: 4,
            // The file that runs, even if another one was put in its place since.
            program: PathBuf::from("/proc/self/exe"),
        }
    }
}

/// Runs jobs, each in a process of its own. Any number of threads may use one.
#[derive(Debug)]
pub struct Runner {
    /// How it works.
    settings: Settings,
    /// Modules, inputs and outputs.
    blobs: BlobStore,
    /// Compiled modules.
    cache: Cache,
    /// A lock for each module that is being compiled.
    compiling: Mutex<HashMap<Digest, Arc<Mutex<()>>>>,
    /// What the kernel lacks.
    missing: Vec<Protection>,
}

impl Runner {
    /// Prepares to run jobs: opens the cache, and starts a child to see that it can and what the kernel lacks.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong with this process, its program or its folders.
    pub fn new(settings: Settings, blobs: BlobStore) -> Result<Self, StartError> {
        if std::env::var_os(CHILD_VARIABLE).is_some() {
            return Err(StartError::InChild);
        }
        let engine = engine::engine(settings.optimization, true)
            .map_err(|error| StartError::Engine(error.into_boxed_dyn_error()))?;
        let compatibility = engine::compatibility(&engine);
        let cache = Cache::open(&settings.cache, settings.cache_size, compatibility)?;
        let missing = probe(&settings)?;
        Ok(Self { settings, blobs, cache, compiling: Mutex::default(), missing })
    }

    /// Protections that this kernel does not give to the children; a host logs them once.
    #[must_use]
    pub fn missing_protections(&self) -> &[Protection] {
        &self.missing
    }

    /// The most that a job may ask for.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    /// Where modules, inputs and outputs are.
    #[must_use]
    pub const fn blobs(&self) -> &BlobStore {
        &self.blobs
    }

    /// Checks and compiles a module, so that its first job need not wait for it.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn prepare(&self, module: &Digest, cancel: &Cancel) -> Result<(), RunError> {
        self.code(module, cancel).map(drop)
    }
}

/// Asks a child which protections it lacks.
fn probe(settings: &Settings) -> Result<Vec<Protection>, StartError> {
    let cancel = Cancel::new()?;
    let request = Request::Probe { parent: std::process::id() };
    let mut process =
        Process::start(&settings.program, &request, process::nothing()?, GRACE, &cancel)?;
    let Ok((Frame::Missing, len)) = process.next() else { return Err(StartError::NoChild) };
    let missing = process.bytes(len, 1 << 10).map_err(|_| StartError::NoChild)?;
    serde_json::from_slice(&missing).map_err(|_| StartError::NoChild)
}
