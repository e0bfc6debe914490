//! The runner itself, and how it starts children.

use super::{
    process::{self, Process},
    settings::Settings,
};
use crate::{
    BlobStore, Cancel, Digest, Limits, Protection, RunError, StartError,
    cache::Cache,
    engine,
    frame::Frame,
    request::{CHILD_VARIABLE, Request},
};
use std::{
    collections::HashMap,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

/// What a child gets by the clock on the wall beside a multiple of its processor time.
const GRACE: Duration = Duration::from_secs(10);

/// Runs jobs, each in a process of its own. Any number of threads may use one.
#[derive(Debug)]
pub struct Runner {
    /// How it works.
    pub(super) settings: Settings,
    /// Modules, inputs and outputs.
    pub(super) blobs: BlobStore,
    /// Compiled modules.
    pub(super) cache: Arc<Cache>,
    /// A lock for each module that is being compiled.
    pub(super) compiling: Arc<Mutex<HashMap<Digest, Arc<Mutex<()>>>>>,
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
        Ok(Self { settings, blobs, cache: Arc::new(cache), compiling: Arc::default(), missing })
    }

    /// A runner with the same settings and the same cache for other blobs.
    #[must_use]
    pub fn with_blobs(&self, blobs: BlobStore) -> Self {
        let Self { settings, cache, compiling, missing, .. } = self;
        let (cache, compiling) = (Arc::clone(cache), Arc::clone(compiling));
        Self { settings: settings.clone(), blobs, cache, compiling, missing: missing.clone() }
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

    /// Starts a child with a processor time; it gets several times as long by the clock on the wall.
    pub(super) fn start<'a>(
        &self,
        request: &Request,
        subject: Stdio,
        time: Duration,
        cancel: &'a Cancel,
    ) -> Result<Process<'a>, RunError> {
        let longest = time.saturating_mul(self.settings.wall_factor).saturating_add(GRACE);
        Ok(Process::start(&self.settings.program, request, subject, longest, cancel)?)
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
