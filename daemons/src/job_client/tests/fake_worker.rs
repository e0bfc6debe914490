//! A worker's job API that runs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use alloy::signers::local::PrivateKeySigner;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use muster_client::ResultSignature;
use muster_compute::{JobResult, Outcome};
use muster_gateway::RECEIPT_HEADER;
use muster_job_api::{ApiError, SignedResult};
use tokio::net::TcpListener;

use super::super::*;
use crate::service_client::RESPONSE_TIMEOUT;

const DOMAIN: B256 = B256::repeat_byte(8);

/// How a worker behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    #[default]
    Honest,
    /// It signs with another key.
    ForeignKey,
    /// It signs in the domain of another agreement, or of another chain.
    OtherDomain,
    /// It signs another digest than that of its result.
    OtherResult,
    /// It returns the result of another job.
    OtherJob,
    /// It returns the status of another job.
    OtherStatus,
    /// It says that it is done, and has no result.
    NoResult,
    /// It asks for a blob that is not the job's.
    Greedy,
    /// It sends something else for every blob.
    WrongBlob,
    /// It speaks another protocol.
    Nonsense,
    /// It does not finish.
    GivesUp,
}

/// A worker's job API in a few lines: it runs nothing, and waits once before each job is done.
#[derive(Debug)]
pub(super) struct FakeWorker {
    manner: Manner,
    signer: PrivateKeySigner,
    pub(super) blobs: Mutex<HashMap<Digest, Bytes>>,
    pub(super) requests: Mutex<Vec<String>>,
    /// What an interrupted upload has left.
    pub(super) begun: Mutex<Option<Vec<u8>>>,
}

fn refusal(status: StatusCode, error: ErrorCode, blobs: Vec<Digest>) -> Response {
    let message = "no\u{1b}[31m".repeat(100);
    (status, Json(ApiError { error, message, blobs })).into_response()
}

impl FakeWorker {
    pub(super) fn result(&self, job: Digest) -> SignedResult {
        let named = if self.manner == Manner::OtherJob { Digest::of(b"other") } else { job };
        let (outcome, stdout) = (Outcome::Exit(0), Digest::of(b"out"));
        let result = JobResult { job: named, outcome, outputs: Vec::new(), stdout };
        let digest = match self.manner {
            Manner::OtherResult => Digest::of(b"other"),
            _ => result.digest().unwrap(),
        };
        let foreign = PrivateKeySigner::random();
        let signer = if self.manner == Manner::ForeignKey { &foreign } else { &self.signer };
        let [job, digest] = [job, digest].map(|digest| B256::new(*digest.as_bytes()));
        let is_elsewhere = self.manner == Manner::OtherDomain;
        let domain = if is_elsewhere { B256::repeat_byte(9) } else { DOMAIN };
        let signature = ResultSignature::sign(signer, domain, job, digest).unwrap().to_string();
        SignedResult { result, signature }
    }

    fn status(&self, id: Digest, state: JobState) -> Json<JobStatus> {
        let result =
            (state == JobState::Done && self.manner != Manner::NoResult).then(|| self.result(id));
        let id = if self.manner == Manner::OtherStatus { Digest::of(b"other") } else { id };
        let reason = Some("out of\ntime".to_owned());
        Json(JobStatus { id, state, result, stderr: None, cpu_ms: Some(1), trap: None, reason })
    }

    fn post(&self, document: &[u8]) -> Response {
        let job = Job::parse(document).unwrap();
        let has = self.blobs.lock().unwrap();
        let mut missing: Vec<_> = job.blobs().filter(|blob| !has.contains_key(blob)).collect();
        if self.manner == Manner::Greedy {
            missing.push(Digest::of(b"secret"));
        }
        if missing.is_empty() {
            return self.status(job.id(), JobState::Waiting).into_response();
        }
        refusal(StatusCode::CONFLICT, ErrorCode::MissingBlobs, missing)
    }

    fn blob(&self, method: &Method, blob: Digest, body: &Bytes) -> Response {
        let mut blobs = self.blobs.lock().unwrap();
        if method == Method::PUT {
            let begun = self.begun.lock().unwrap().take();
            let body = [begun.unwrap_or_default(), body.to_vec()].concat();
            let body = Bytes::from(body);
            if Digest::of(&body) != blob {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return refusal(status, ErrorCode::WrongDigest, Vec::new());
            }
            blobs.insert(blob, body);
            return StatusCode::CREATED.into_response();
        }
        match blobs.get(&blob) {
            Some(_) if self.manner == Manner::WrongBlob => "wrong".into_response(),
            Some(bytes) => bytes.clone().into_response(),
            None => {
                let begun = self.begun.lock().unwrap().as_ref().map_or(0, Vec::len).to_string();
                let refused = refusal(StatusCode::NOT_FOUND, ErrorCode::NoBlob, Vec::new());
                ([("upload-offset", begun)], refused).into_response()
            }
        }
    }
}

async fn answer(
    State(worker): State<Arc<FakeWorker>>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let name = format!("{} {}", parts.method, path.split('/').next().unwrap());
    let waited = {
        let mut requests = worker.requests.lock().unwrap();
        requests.push(name.clone());
        requests.iter().filter(|request| **request == "GET jobs").count() > 1
    };
    let digest = path.split('/').nth(1).and_then(|text| text.parse().ok());
    let response = match (name.as_str(), digest) {
        _ if worker.manner == Manner::Nonsense => "<html>".into_response(),
        ("POST jobs", _) => worker.post(&body),
        ("GET jobs", Some(job)) => {
            assert_eq!(parts.uri.query(), Some("wait=30"));
            let state = match worker.manner {
                _ if !waited => JobState::Running,
                Manner::GivesUp => JobState::Unfinished,
                _ => JobState::Done,
            };
            worker.status(job, state).into_response()
        }
        ("DELETE jobs", Some(_)) => StatusCode::NO_CONTENT.into_response(),
        (_, Some(blob)) => worker.blob(&parts.method, blob, &body),
        _ => StatusCode::BAD_GATEWAY.into_response(),
    };
    ([(RECEIPT_HEADER, name)], response).into_response()
}

pub(super) async fn start(manner: Manner) -> (Arc<FakeWorker>, JobClient) {
    let signer = PrivateKeySigner::random();
    let worker = signer.address();
    let (blobs, requests) = (Mutex::default(), Mutex::default());
    let begun = Mutex::default();
    let fake = Arc::new(FakeWorker { manner, signer, blobs, requests, begun });
    let app = Router::new().route("/{*path}", any(answer)).with_state(fake.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    let endpoint = Arc::new(Endpoint { url: url.into(), token: "token".into(), application: None });
    let http = ServiceClient::new(RESPONSE_TIMEOUT, None).unwrap();
    (fake, JobClient::new(http, endpoint, B256::ZERO, ResultSigner { domain: DOMAIN, worker }))
}
