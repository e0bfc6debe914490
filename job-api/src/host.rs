//! What all agreements of a process share: the limits, the compiled modules, and the turns to run.

use crate::wire::WorkerLimits;
use muster_compute::{BlobError, BlobStore, Protection, Runner, Settings, StartError};
use std::{io, num::NonZeroU32, sync::Arc};
use tokio::sync::Semaphore;

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct HostOptions {
    /// The cache of compiled modules, and the limits of a job.
    pub settings: Settings,
    /// Jobs that run at once, over all agreements.
    pub running: NonZeroU32,
    /// Jobs that may wait in each agreement.
    pub waiting: u32,
    /// Bytes that the blobs of each agreement may take.
    pub blobs: u64,
}

/// Why jobs cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The runner does not start.
    #[error("cannot run jobs: {0}")]
    Start(#[from] StartError),
    /// No folder for a test of the runner.
    #[error("cannot run jobs: {0}: check the disk and the temporary folder")]
    Blobs(#[from] BlobError),
    /// No folder for a test of the runner.
    #[error("cannot run jobs: {0}: check the disk and the temporary folder")]
    Io(#[from] io::Error),
}

/// What all agreements of a process share. A clone is the same host.
#[derive(Debug, Clone)]
pub struct JobHost(Arc<SharedHost>);

/// See [`JobHost`].
#[derive(Debug)]
struct SharedHost {
    /// Runs jobs; its blobs are not used.
    runner: Runner,
    /// What is told to clients.
    limits: WorkerLimits,
    /// The turns to run. Those who wait get them in the order in which they asked, and an agreement asks for one at a
    /// time: so agreements take turns.
    turns: Arc<Semaphore>,
    /// The turns to hash an upload or check a module.
    check_turns: Arc<Semaphore>,
}

impl JobHost {
    /// Checks that jobs can be run: opens the cache and starts a child. Blocks.
    ///
    /// # Errors
    /// [`HostError`]
    pub fn new(options: HostOptions) -> Result<Self, HostError> {
        let HostOptions { settings, running, waiting, blobs } = options;
        let job = settings.limits;
        let folder = tempfile::tempdir()?;
        let runner = Runner::new(settings, BlobStore::open(folder.path())?)?;
        let profiles = vec!["wasm1".to_owned()];
        let limits = WorkerLimits { profiles, job, running: running.get(), waiting, blobs };
        let count = usize::try_from(running.get()).unwrap_or(usize::MAX);
        let turns = || Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Ok(Self(Arc::new(SharedHost { runner, limits, turns: turns(), check_turns: turns() })))
    }

    /// What is told to clients.
    #[must_use]
    pub fn limits(&self) -> &WorkerLimits {
        &self.0.limits
    }

    /// Protections that this kernel does not give to jobs; an owner logs them once.
    #[must_use]
    pub fn missing_protections(&self) -> &[Protection] {
        self.0.runner.missing_protections()
    }

    /// A runner for the blobs of an agreement.
    pub(crate) fn runner(&self, blobs: BlobStore) -> Runner {
        self.0.runner.with_blobs(blobs)
    }

    /// The turns to run.
    pub(crate) fn turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.turns)
    }

    /// The turns to hash an upload or check a module.
    pub(crate) fn check_turns(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.check_turns)
    }
}
