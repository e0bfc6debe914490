//! The server of one agreement: its folder, its router, and the task that starts its jobs.

use crate::{
    agreement::Agreement, host::JobHost, job_record::JobRecord, job_run::run_job,
    job_table::JobTable, module_check::CheckedModules, openapi, routes, signer::ResultSigner,
    upload_locks::UploadLocks,
};
use axum::{Router, routing::get};
use muster_compute::{BlobError, BlobStore};
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The pause after the system refused what a job needs to start.
const START_PAUSE: Duration = Duration::from_secs(1);

/// Why the folder of an agreement cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its blobs.
    #[error("cannot open the jobs of an agreement: {0}: check the disk")]
    Blobs(#[from] BlobError),
    /// Its records of jobs.
    #[error("cannot open the jobs of an agreement: {0}: check the disk")]
    Io(#[from] io::Error),
}

/// The server of one agreement. If it is dropped, jobs that run go on until they end, and no others start.
pub struct JobServer {
    /// What it works with.
    agreement: Arc<Agreement>,
    /// Starts jobs.
    dispatcher: JoinHandle<()>,
}

impl fmt::Debug for JobServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobServer").field("jobs", &self.agreement.jobs).finish_non_exhaustive()
    }
}

impl JobServer {
    /// Opens the folder of an agreement, and makes it if needed. Jobs that waited or ran when the process last ended
    /// run again. No other server may use the folder.
    ///
    /// # Errors
    /// [`OpenError`]
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn open(
        host: &JobHost,
        folder: &Path,
        signer: impl ResultSigner,
    ) -> Result<Self, OpenError> {
        let (own_host, folder) = (host.clone(), folder.to_owned());
        let opened = spawn_blocking(move || open_folder(&own_host, &folder));
        let (blobs, jobs) = opened.await.map_err(io::Error::other)??;
        let agreement = Arc::new(Agreement {
            host: host.clone(),
            runner: host.runner(blobs),
            jobs,
            modules: CheckedModules::default(),
            uploads: UploadLocks::default(),
            signer: Box::new(signer),
            shutdown: CancellationToken::new(),
        });
        let dispatcher = tokio::spawn(dispatch(Arc::clone(&agreement)));
        Ok(Self { agreement, dispatcher })
    }

    /// The API.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.agreement))
            .route("/openapi.json", get(openapi::openapi_json))
    }

    /// The blobs of the agreement.
    #[must_use]
    pub fn blobs(&self) -> &BlobStore {
        self.agreement.runner.blobs()
    }

    /// Stops: jobs that run are ended, and run again when the folder is opened again. Requests that wait are answered.
    /// Returns when nothing writes to the folder any more but uploads that the owner still serves.
    pub async fn close(mut self) {
        self.agreement.shutdown.cancel();
        self.agreement.jobs.close();
        drop((&mut self.dispatcher).await);
    }
}

impl Drop for JobServer {
    fn drop(&mut self) {
        self.agreement.shutdown.cancel();
    }
}

/// Opens the blobs and jobs of an agreement.
fn open_folder(host: &JobHost, folder: &Path) -> Result<(BlobStore, JobTable), OpenError> {
    let limits = host.limits();
    let blobs = BlobStore::open_with_quota(folder.join("blobs"), limits.blobs)?;
    let jobs: PathBuf = folder.join("jobs");
    let jobs = JobTable::open(&jobs, blobs.clone(), limits.waiting)?;
    Ok((blobs, jobs))
}

/// Starts jobs, each when it has a turn; returns when the server stops and no job runs any more.
async fn dispatch(agreement: Arc<Agreement>) {
    let running = TaskTracker::new();
    agreement.shutdown.run_until_cancelled(start_jobs(&agreement, &running)).await;
    running.close();
    running.wait().await;
}

/// Starts jobs for ever.
async fn start_jobs(agreement: &Arc<Agreement>, running: &TaskTracker) {
    loop {
        agreement.jobs.next_arrival().await;
        // The host's turns are never closed.
        let Ok(turn) = agreement.host.turns().acquire_owned().await else { return };
        match agreement.jobs.start_next() {
            // It was cancelled meanwhile.
            Ok(None) => {}
            Ok(Some((id, cancel))) => {
                let agreement = Arc::clone(agreement);
                running.spawn(async move {
                    let own = Arc::clone(&agreement);
                    let run = spawn_blocking(move || {
                        let record = run_job(&own.runner, &*own.signer, &id, &cancel);
                        drop(turn);
                        own.jobs.finish(&id, record);
                    });
                    if let Err(error) = run.await {
                        let reason = format!("the worker failed: {error}");
                        agreement.jobs.finish(&id, JobRecord::Unfinished { reason });
                    }
                });
            }
            Err(error) => {
                tracing::error!(%error, "no job can be started: check the limit of open files");
                drop(turn);
                sleep(START_PAUSE).await;
            }
        }
    }
}
