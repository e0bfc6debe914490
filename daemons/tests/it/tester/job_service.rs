//! The job API of a worker that runs jobs, and lies about them if it is told to.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use muster_client::ResultSignature;
use muster_compute::{
    BlobStore, Cancel, Digest, Job, JobDocument, JobResult, Outcome, Runner, Settings,
};
use muster_job_api::{ApiError, ErrorCode, JobState, JobStatus, SignedResult};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use super::mocks::Behavior;

/// A job service.
pub(super) struct JobService {
    /// What it shares with its requests.
    state: Arc<ServiceState>,
    /// Where it listens.
    url: String,
    /// The service.
    _task: AbortOnDropHandle<()>,
}

/// What requests of a job service share.
struct ServiceState {
    /// How the worker behaves.
    behavior: Arc<Mutex<Behavior>>,
    /// The worker's key.
    signer: PrivateKeySigner,
    /// The domain of its signatures.
    domain: OnceLock<B256>,
    /// Runs jobs.
    runner: Runner,
    /// Documents of the jobs that were posted.
    posted: Mutex<Vec<JobDocument>>,
    /// The results of the jobs.
    results: Mutex<HashMap<Digest, JobResult>>,
    /// The modules that it knows.
    modules: Mutex<HashSet<Digest>>,
    /// Its files.
    _folder: TempDir,
}

/// The program that serves as a child: a test's own cannot.
pub(crate) fn compute_program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().and_then(Path::parent).unwrap().join("muster-compute");
    assert!(program.exists(), "no {}: run cargo build -p muster-compute", program.display());
    program
}

impl JobService {
    /// Starts it.
    pub(super) async fn start(signer: PrivateKeySigner, behavior: Arc<Mutex<Behavior>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(folder.path().join("cache"));
        settings.program = compute_program();
        let blobs = BlobStore::open(folder.path().join("blobs")).unwrap();
        let state = Arc::new(ServiceState {
            behavior,
            signer,
            domain: OnceLock::new(),
            runner: Runner::new(settings, blobs).unwrap(),
            posted: Mutex::default(),
            results: Mutex::default(),
            modules: Mutex::default(),
            _folder: folder,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/blobs/{digest}", put(put_blob).get(get_blob))
            .route("/jobs", post(post_job))
            .route("/jobs/{id}", get(get_job))
            .with_state(state.clone());
        let task = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { state, url, _task: AbortOnDropHandle::new(task) }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// Signs results in this domain.
    pub(super) fn sign_in(&self, domain: B256) {
        self.state.domain.set(domain).unwrap();
    }

    /// The jobs that were posted.
    pub(super) fn posted(&self) -> Vec<JobDocument> {
        self.state.posted.lock().unwrap().clone()
    }

    /// Lets it know a module.
    pub(super) fn learn(&self, module: Digest) {
        self.state.modules.lock().unwrap().insert(module);
    }
}

impl ServiceState {
    /// How the worker behaves.
    fn behavior(&self) -> Behavior {
        *self.behavior.lock().unwrap()
    }

    /// Runs a job, or does not.
    fn run(&self, job: &Job) -> JobResult {
        self.posted.lock().unwrap().push(job.document().clone());
        let is_known = self.modules.lock().unwrap().contains(&job.document().module);
        if self.behavior() == Behavior::SeenModules && !is_known {
            let (outcome, stdout) = (Outcome::Exit(0), Digest::of(b""));
            return JobResult { job: job.id(), outcome, outputs: Vec::new(), stdout };
        }
        let mut result = self.runner.run(job, &Cancel::new().unwrap()).unwrap().result;
        if self.behavior() == Behavior::WrongResults {
            result.stdout = Digest::of(result.stdout.as_bytes());
        }
        result
    }

    /// The status of a job that is done.
    fn status(&self, job: Digest) -> JobStatus {
        let results = self.results.lock().unwrap();
        let other = results.values().find(|result| result.job != job);
        let result = match (self.behavior(), other) {
            (Behavior::OtherJobs, Some(other)) => JobResult { job, ..other.clone() },
            _ => results[&job].clone(),
        };
        let signer = match self.behavior() {
            Behavior::ForeignSignatures => PrivateKeySigner::random(),
            _ => self.signer.clone(),
        };
        let [id, digest] = [job, result.digest().unwrap()].map(|d| B256::new(*d.as_bytes()));
        let domain = *self.domain.get().unwrap();
        let signature = ResultSignature::sign(&signer, domain, id, digest).unwrap().to_string();
        let result = Some(SignedResult { result, signature });
        JobStatus {
            id: job,
            state: JobState::Done,
            result,
            stderr: None,
            cpu_ms: None,
            trap: None,
            reason: None,
        }
    }
}

/// An error response.
fn refuse(status: StatusCode, error: ErrorCode, blobs: Vec<Digest>) -> Response {
    (status, Json(ApiError { error, message: String::new(), blobs })).into_response()
}

/// Stores a blob.
async fn put_blob(
    State(state): State<Arc<ServiceState>>,
    extract::Path(digest): extract::Path<String>,
    body: Bytes,
) -> StatusCode {
    assert_eq!(state.runner.blobs().put(&body).unwrap().to_string(), digest);
    StatusCode::CREATED
}

/// Sends a blob.
async fn get_blob(
    State(state): State<Arc<ServiceState>>,
    extract::Path(digest): extract::Path<String>,
) -> Response {
    if state.behavior() == Behavior::NoOutputs {
        return refuse(StatusCode::NOT_FOUND, ErrorCode::NoBlob, Vec::new());
    }
    std::fs::read(state.runner.blobs().path(&digest.parse().unwrap())).unwrap().into_response()
}

/// Takes a job, and runs it.
async fn post_job(State(state): State<Arc<ServiceState>>, body: Bytes) -> Response {
    let job = Job::parse(&body).unwrap();
    let is_missing = |blob: &Digest| state.runner.blobs().size(blob).unwrap().is_none();
    let missing: Vec<_> = job.blobs().filter(is_missing).collect();
    if !missing.is_empty() {
        return refuse(StatusCode::CONFLICT, ErrorCode::MissingBlobs, missing);
    }
    let id = job.id();
    let running = state.clone();
    let result = spawn_blocking(move || running.run(&job)).await.unwrap();
    state.results.lock().unwrap().insert(id, result);
    Json(state.status(id)).into_response()
}

/// The status of a job.
async fn get_job(
    State(state): State<Arc<ServiceState>>,
    extract::Path(id): extract::Path<String>,
) -> Json<JobStatus> {
    Json(state.status(id.parse().unwrap()))
}
