//! The tester's own runs of jobs: what a worker's result is compared with.
//!
//! Jobs of clients are hostile until the opposite is shown: each is run in a child process, one at a time, within the tester's
//! own limits. One that does not end within them has no reference, and no worker is probed with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use muster_compute::{
    BlobError, BlobStore, Cancel, CompileLimits, JobResult, Limits, RunError, Runner, Settings,
    StartError,
};
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{Duration, Instant, timeout};

use crate::cancel_on_drop::CancelOnDrop;
use crate::job_bundle::JobBundle;
use crate::service_copy::CopyError;
use crate::synthetic_job::{SyntheticJobError, synthesize};

/// What a tester grants to the jobs that it runs.
#[derive(Clone, Debug)]
pub struct ReferenceOptions {
    /// How jobs are run. A job that asks for more memory or storage than the limits here is not run.
    pub settings: Settings,
    /// The folder of the blobs of the job that runs. What is in it is deleted.
    pub blobs: PathBuf,
    /// The folder of the copy of a service that runs.
    pub services: PathBuf,
    /// The longest time of a run by the clock on the wall, its module's compilation included.
    pub time: Duration,
}

impl ReferenceOptions {
    /// The usual limits: a job may ask for what jobs ask for by default, and is ended after ten seconds. Everything on disk is
    /// below `folder`, which must be private.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let mut settings = Settings::new(folder.join("cache"));
        settings.cache_size = 256 << 20;
        settings.limits = Limits { time: u64::MAX, ..Limits::default() };
        settings.compile = CompileLimits { time: Duration::from_secs(5), memory: 1 << 30 };
        let [blobs, services] = ["blobs", "services"].map(|name| folder.join(name));
        Self { settings, blobs, services, time: Duration::from_secs(10) }
    }
}

/// Why there is no reference. It says nothing of any worker.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// This machine cannot run jobs.
    #[error("no job can be run here: {0}")]
    Start(#[from] StartError),
    /// A blob could not be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The job came to no result here.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The job takes longer than [`ReferenceOptions::time`].
    #[error("the job takes longer than this tester's limit")]
    TooSlow,
    /// The service has no copy here.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// There is no synthetic job.
    #[error("no synthetic job: {0}")]
    Synthetic(Box<dyn std::error::Error + Send + Sync>),
    /// The thread ended.
    #[error("the thread of a run ended: {0}")]
    Thread(#[from] JoinError),
}

impl From<SyntheticJobError> for ReferenceError {
    fn from(error: SyntheticJobError) -> Self {
        Self::Synthetic(error.into())
    }
}

/// A job, and what it comes to.
#[derive(Debug)]
pub struct ReferenceJob {
    /// The job.
    pub(super) bundle: JobBundle,
    /// Its result.
    pub(super) result: JobResult,
    /// The length of its standard output.
    pub(super) stdout_size: u64,
    /// How long it took here.
    pub(super) time: Duration,
}

/// Runs jobs, one at a time. Clones share the turn.
#[derive(Clone, Debug)]
pub struct ReferenceRunner {
    /// What the operator chose.
    pub(super) options: ReferenceOptions,
    /// The runner, once there was a job to run.
    pub(super) runner: Arc<Mutex<Option<Runner>>>,
}

impl ReferenceRunner {
    /// A runner that starts with its first job.
    #[must_use]
    pub fn new(options: ReferenceOptions) -> Self {
        Self { options, runner: Arc::default() }
    }

    /// A job that no worker has seen, and what it comes to.
    ///
    /// # Errors
    /// [`ReferenceError`], only if something is wrong with this machine.
    pub async fn synthetic(&self) -> Result<ReferenceJob, ReferenceError> {
        let bundle = spawn_blocking(|| synthesize(rand::random())).await??;
        self.run(bundle).await
    }

    /// Runs a job. Dropping the future ends it.
    ///
    /// # Errors
    /// [`ReferenceError`].
    pub(super) async fn run(&self, bundle: JobBundle) -> Result<ReferenceJob, ReferenceError> {
        let mut runner = self.runner.clone().lock_owned().await;
        let cancel = Cancel::new().map_err(RunError::from)?;
        let _guard = CancelOnDrop(cancel.clone());
        let (options, time) = (self.options.clone(), self.options.time);
        // The turn goes with the thread: a run that was given up can take a moment to end.
        let run = spawn_blocking(move || {
            let runner = match &mut *runner {
                Some(runner) => runner,
                none => none.insert(open(&options)?),
            };
            run_alone(runner, bundle, &cancel)
        });
        timeout(time, run).await.map_err(|_| ReferenceError::TooSlow)??
    }
}

/// Opens a runner whose blobs are those of no job.
fn open(options: &ReferenceOptions) -> Result<Runner, ReferenceError> {
    match std::fs::remove_dir_all(&options.blobs) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(BlobError::from(error).into());
        }
        _ => {}
    }
    Ok(Runner::new(options.settings.clone(), BlobStore::open(&options.blobs)?)?)
}

/// Runs a job whose blobs are the only ones in the store, and leaves none.
fn run_alone(
    runner: &Runner,
    bundle: JobBundle,
    cancel: &Cancel,
) -> Result<ReferenceJob, ReferenceError> {
    let blobs = runner.blobs();
    let run = || {
        for bytes in bundle.blobs.values() {
            blobs.put(bytes)?;
        }
        let begun = Instant::now();
        let execution = runner.run(&bundle.job, cancel)?;
        Ok::<_, ReferenceError>((execution, begun.elapsed()))
    };
    let ran = run();
    let results = ran.iter().flat_map(|(execution, _)| {
        let files = execution.result.outputs.iter().map(|file| file.blob);
        files.chain([execution.result.stdout])
    });
    let left: Vec<_> = results.collect();
    let stdout = ran.as_ref().ok().map(|(execution, _)| execution.result.stdout);
    let stdout_size = stdout.map_or(Ok(None), |stdout| blobs.size(&stdout))?.unwrap_or_default();
    for blob in left.iter().chain(bundle.blobs.keys()) {
        blobs.remove(blob)?;
    }
    let (execution, time) = ran?;
    Ok(ReferenceJob { bundle, result: execution.result, stdout_size, time })
}

#[cfg(test)]
mod tests;
