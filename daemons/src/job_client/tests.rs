use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use alloy::signers::local::PrivateKeySigner;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use muster_client::ResultSignature;
use muster_compute::{BlobError, BlobStore, Input, JobDocument, JobPath, JobResult, Outcome};
use muster_gateway::RECEIPT_HEADER;
use muster_job_api::{ApiError, SignedResult};
use tokio::net::TcpListener;

use super::*;
use crate::service_client::RESPONSE_TIMEOUT;

const DOMAIN: B256 = B256::repeat_byte(8);

/// How a worker behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    #[default]
    Honest,
    /// It signs with another key.
    ForeignKey,
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
struct FakeWorker {
    manner: Manner,
    signer: PrivateKeySigner,
    blobs: Mutex<HashMap<Digest, Bytes>>,
    requests: Mutex<Vec<String>>,
    /// What an interrupted upload has left.
    begun: Mutex<Option<Vec<u8>>>,
}

fn refusal(status: StatusCode, error: ErrorCode, blobs: Vec<Digest>) -> Response {
    let message = "no\u{1b}[31m".repeat(100);
    (status, Json(ApiError { error, message, blobs })).into_response()
}

impl FakeWorker {
    fn result(&self, job: Digest) -> SignedResult {
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
        let signature = ResultSignature::sign(signer, DOMAIN, job, digest).unwrap().to_string();
        SignedResult { result, signature }
    }

    fn status(&self, id: Digest, state: JobState) -> Json<JobStatus> {
        let result =
            (state == JobState::Done && self.manner != Manner::NoResult).then(|| self.result(id));
        let id = if self.manner == Manner::OtherStatus { Digest::of(b"other") } else { id };
        let reason = Some("out of\ntime".to_owned());
        Json(JobStatus { id, state, result, stderr: None, cpu_ms: Some(1), reason })
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

async fn start(manner: Manner) -> (Arc<FakeWorker>, JobClient) {
    let signer = PrivateKeySigner::random();
    let worker = signer.address();
    let (blobs, requests) = (Mutex::default(), Mutex::default());
    let begun = Mutex::default();
    let fake = Arc::new(FakeWorker { manner, signer, blobs, requests, begun });
    let app = Router::new().route("/{*path}", any(answer)).with_state(fake.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    let endpoint = Arc::new(Endpoint { url: url.into(), token: "token".into() });
    let http = ServiceClient::new(RESPONSE_TIMEOUT, None).unwrap();
    (fake, JobClient::new(http, endpoint, B256::ZERO, ResultSigner { domain: DOMAIN, worker }))
}

/// A job of the blobs `module` and `input`.
fn job() -> Job {
    let mut document = JobDocument::new(Digest::of(b"module"));
    let path = JobPath::new("/in").unwrap();
    document.inputs = vec![Input { blob: Digest::of(b"input"), path }];
    Job::new(document).unwrap()
}

fn source(blob: &Digest) -> BlobSource {
    let bytes = if *blob == Digest::of(b"module") { &b"module"[..] } else { b"input" };
    BlobSource::Bytes(bytes.to_vec())
}

#[tokio::test]
async fn a_job_is_posted_with_its_blobs_and_its_signed_result_is_verified() {
    let (worker, client) = start(Manner::Honest).await;
    let job = job();
    let posted = client.submit(&job, source).await.unwrap();
    assert_eq!(posted.receipt.as_deref(), Some("POST jobs"));
    let ended = client.wait(job.id()).await.unwrap();
    assert_eq!(ended.receipt.as_deref(), Some("GET jobs"));
    let JobEnd::Done(verified) = ended.body else { panic!("{:?}", ended.body) };
    assert_eq!(verified.result, worker.result(job.id()).result);
    assert_eq!(Some(verified.digest), verified.result.digest().ok());
    client.submit(&job, |_| panic!("the worker has all blobs")).await.unwrap();
    client.cancel(job.id()).await.unwrap();
    let requests = worker.requests.lock().unwrap().join(", ");
    let expected =
        "POST jobs, PUT blobs, PUT blobs, POST jobs, GET jobs, GET jobs, POST jobs, DELETE jobs";
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn results_that_are_not_the_workers_or_not_the_jobs_are_failures() {
    for (manner, expected) in [
        (Manner::ForeignKey, "the result is not signed by worker"),
        (Manner::OtherResult, "the result is not signed by worker"),
        (Manner::OtherJob, "the worker sent job"),
        (Manner::NoResult, "the worker did not send the result of a job"),
    ] {
        let (_worker, client) = start(manner).await;
        client.submit(&job(), source).await.unwrap();
        let failure = client.wait(job().id()).await.unwrap_err().to_string();
        assert!(failure.starts_with(expected), "{manner:?}: {failure}");
    }
    let (_worker, client) = start(Manner::GivesUp).await;
    client.submit(&job(), source).await.unwrap();
    let ended = client.wait(job().id()).await.unwrap().body;
    assert_eq!(ended, JobEnd::Unfinished("out of time".to_owned()));
}

#[tokio::test]
async fn a_worker_gets_no_blob_that_the_job_does_not_name() {
    let (worker, client) = start(Manner::Greedy).await;
    let failure = client.submit(&job(), source).await.unwrap_err();
    assert!(matches!(failure, JobFailure::Refused(_)), "{failure:?}");
    assert_eq!(*worker.requests.lock().unwrap(), ["POST jobs"]);
}

#[tokio::test]
async fn refusals_are_typed_and_safe_to_print() {
    let (_worker, client) = start(Manner::Honest).await;
    let wrong = BlobSource::Bytes(b"other".to_vec());
    let failure = client.upload(&Digest::of(b"module"), wrong).await.unwrap_err();
    let JobFailure::Refused(error) = failure else { panic!("{failure:?}") };
    assert_eq!(error.error, ErrorCode::WrongDigest);
    assert!(!error.message.contains('\u{1b}') && error.message.len() <= 200);
    let (_worker, client) = start(Manner::Nonsense).await;
    let failure = client.post(&job()).await.unwrap_err();
    assert!(matches!(failure, JobFailure::Malformed(_)), "{failure:?}");
    let (_worker, client) = start(Manner::OtherStatus).await;
    let failure = client.submit(&job(), source).await.unwrap_err();
    assert!(matches!(failure, JobFailure::WrongJob { .. }), "{failure:?}");
}

#[tokio::test]
async fn long_blobs_are_streamed_from_a_file_and_verified_on_their_way_back() {
    let (worker, client) = start(Manner::Honest).await;
    let (folder, bytes) = (tempfile::tempdir().unwrap(), vec![7; 3 << 20]);
    let blob = Digest::of(&bytes);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    // An earlier upload was interrupted in its second half: the rest is sent.
    *worker.begun.lock().unwrap() = Some(vec![7; 2 << 20]);
    client.upload(&blob, BlobSource::File(file.path().to_owned())).await.unwrap();
    assert_eq!(worker.blobs.lock().unwrap()[&blob].len(), bytes.len());
    assert_eq!(client.fetch(blob, 3 << 20).await.unwrap().body, bytes);
    let store = BlobStore::open(folder.path()).unwrap();
    for limit in [(3 << 20) - 1, 0] {
        let failure = client.fetch_into(blob, limit, &store).await.unwrap_err();
        assert!(matches!(failure, JobFailure::Local(BlobError::TooLarge(_))), "{failure:?}");
        let failure = client.fetch(blob, limit).await.unwrap_err();
        assert!(matches!(failure, JobFailure::Local(BlobError::TooLarge(_))), "{failure:?}");
    }
    assert_eq!(store.size(&blob).unwrap(), None);
    client.fetch_into(blob, 3 << 20, &store).await.unwrap();
    assert_eq!(store.size(&blob).unwrap(), Some(3 << 20));
    let nowhere = BlobSource::File(folder.path().join("nowhere"));
    let failure = client.upload(&blob, nowhere).await.unwrap_err();
    assert!(matches!(failure, JobFailure::Local(BlobError::Io(_))), "{failure:?}");
}

#[tokio::test]
async fn a_blob_that_does_not_match_is_not_kept() {
    let (worker, client) = start(Manner::WrongBlob).await;
    let blob = Digest::of(b"right");
    worker.blobs.lock().unwrap().insert(blob, Bytes::from_static(b"right"));
    let folder = tempfile::tempdir().unwrap();
    let store = BlobStore::open(folder.path()).unwrap();
    for failure in [
        client.fetch(blob, 9).await.unwrap_err(),
        client.fetch_into(blob, 9, &store).await.unwrap_err(),
    ] {
        let is_wrong = matches!(failure, JobFailure::WrongBlob { expected, actual }
            if expected == blob && actual == Digest::of(b"wrong"));
        assert!(is_wrong, "{failure:?}");
    }
    assert_eq!(store.size(&blob).unwrap(), None);
}

#[tokio::test]
async fn a_body_that_is_cut_is_a_failure() {
    let app = Router::new().fallback(async || {
        let parts = [Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("cut"))];
        Body::from_stream(futures::stream::iter(parts))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    let (_worker, client) = start(Manner::Honest).await;
    let endpoint = Arc::new(Endpoint { url: url.into(), token: "".into() });
    let client = JobClient { endpoint, ..client };
    for failure in [
        client.fetch(Digest::of(b"half"), 9).await.unwrap_err(),
        client.wait(job().id()).await.unwrap_err(),
    ] {
        assert!(matches!(failure, JobFailure::Cut), "{failure:?}");
    }
    let endpoint = Arc::new(Endpoint { url: "http://127.0.0.1:1".into(), token: "".into() });
    let nobody = JobClient { endpoint, ..client };
    let failure = nobody.post(&job()).await.unwrap_err();
    assert!(matches!(failure, JobFailure::NoConnection), "{failure:?}");
}
