//! A job API that runs nothing: what a job comes to is a function of its id, and the worker can be told to lie.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use muster_client::ResultSignature;
use muster_compute::{Digest, Job, JobPath, JobResult, Outcome, OutputFile};
use muster_job_api::{ApiError, ErrorCode, JobState, JobStatus, SignedResult};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// How a worker behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It says what all honest workers say.
    Honest,
    /// It signs a result of its own.
    Lies(u32),
    /// It signs the right result, and sends something else for its blobs.
    SendsWrongBlobs,
    /// It never finishes a job.
    Idle,
    /// It refuses every job.
    Refuses,
}

/// The API of one worker, until it is dropped.
pub(crate) struct JobWorker {
    /// The address that it listens on.
    address: SocketAddr,
    /// What its requests share.
    state: Arc<ApiState>,
    /// The API.
    _task: AbortOnDropHandle<()>,
}

/// What requests share.
struct ApiState {
    manner: Mutex<Manner>,
    signer: PrivateKeySigner,
    domain: Mutex<B256>,
    blobs: Mutex<HashMap<Digest, Bytes>>,
    requests: Mutex<Vec<String>>,
}

impl JobWorker {
    /// Starts it, for a worker with this key.
    pub(crate) async fn start(signer: &PrivateKeySigner, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(ApiState {
            manner: Mutex::new(manner),
            signer: signer.clone(),
            domain: Mutex::default(),
            blobs: Mutex::default(),
            requests: Mutex::default(),
        });
        let app = Router::new().route("/{*path}", any(answer)).with_state(state.clone());
        let task = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, state, _task: AbortOnDropHandle::new(task) }
    }

    /// The URL of the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Signs in this domain from now on.
    pub(crate) fn sign_in(&self, domain: B256) {
        *self.state.domain.lock().unwrap() = domain;
    }

    /// Behaves in this manner from now on.
    pub(crate) fn behave(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// The number of requests with this method and first name of the path.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.state.requests.lock().unwrap().iter().filter(|request| *request == name).count()
    }
}

/// The content of a job's only output file.
pub(crate) fn output_of(job: Digest) -> Vec<u8> {
    format!("output of {job}").into_bytes()
}

/// What an honest worker says.
pub(crate) fn result_of(job: Digest, outcome: Outcome) -> JobResult {
    let content = output_of(job);
    let size = u64::try_from(content.len()).unwrap();
    let path = JobPath::new("/out/file").unwrap();
    let outputs = vec![OutputFile { blob: Digest::of(&content), path, size }];
    JobResult { job, outcome, outputs, stdout: Digest::of(b"") }
}

impl ApiState {
    fn status(&self, id: Digest) -> JobStatus {
        let manner = *self.manner.lock().unwrap();
        let code = if let Manner::Lies(code) = manner { code } else { 0 };
        let result = result_of(id, Outcome::Exit(code));
        let [job, digest] = [id, result.digest().unwrap()].map(|d| B256::new(*d.as_bytes()));
        let domain = *self.domain.lock().unwrap();
        let signature = ResultSignature::sign(&self.signer, domain, job, digest).unwrap();
        let content = output_of(id);
        let blobs = [content, Vec::new()].map(|bytes| (Digest::of(&bytes), Bytes::from(bytes)));
        self.blobs.lock().unwrap().extend(blobs);
        let is_done = manner != Manner::Idle;
        let signed = SignedResult { result, signature: signature.to_string() };
        let state = if is_done { JobState::Done } else { JobState::Running };
        let result = is_done.then_some(signed);
        JobStatus { id, state, result, stderr: None, cpu_ms: Some(3), trap: None, reason: None }
    }

    fn post(&self, document: &[u8]) -> Response {
        let job = Job::parse(document).unwrap();
        let refusal = |status, error, blobs| {
            let message = "no".to_owned();
            (status, Json(ApiError { error, message, blobs })).into_response()
        };
        if *self.manner.lock().unwrap() == Manner::Refuses {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge, Vec::new());
        }
        let has = self.blobs.lock().unwrap();
        let missing: Vec<_> = job.blobs().filter(|blob| !has.contains_key(blob)).collect();
        drop(has);
        if missing.is_empty() {
            return Json(self.status(job.id())).into_response();
        }
        refusal(StatusCode::CONFLICT, ErrorCode::MissingBlobs, missing)
    }
}

async fn answer(
    State(state): State<Arc<ApiState>>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let name = format!("{} {}", parts.method, path.split('/').next().unwrap());
    state.requests.lock().unwrap().push(name.clone());
    let digest = path.split('/').nth(1).and_then(|text| text.parse().ok());
    match (name.as_str(), digest) {
        ("POST jobs", _) => state.post(&body),
        ("GET jobs", Some(job)) => {
            let status = state.status(job);
            if status.state == JobState::Running {
                // The client waits in vain.
                std::future::pending::<()>().await;
            }
            Json(status).into_response()
        }
        ("DELETE jobs", Some(job)) => Json(state.status(job)).into_response(),
        ("PUT blobs", Some(blob)) => {
            assert_eq!(Digest::of(&body), blob);
            state.blobs.lock().unwrap().insert(blob, body);
            StatusCode::CREATED.into_response()
        }
        ("GET blobs", Some(_)) if *state.manner.lock().unwrap() == Manner::SendsWrongBlobs => {
            "something else".into_response()
        }
        ("GET blobs", Some(blob)) => match state.blobs.lock().unwrap().get(&blob) {
            Some(bytes) => bytes.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
