use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use muster_compute::{BlobError, BlobStore, Input, JobDocument, JobPath};
use tokio::net::TcpListener;

use self::fake_worker::{Manner, start};
use super::*;

mod fake_worker;

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
        (Manner::OtherDomain, "the result is not signed by worker"),
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
    let endpoint = Arc::new(Endpoint { url: url.into(), token: "".into(), application: None });
    let client = JobClient { endpoint, ..client };
    for failure in [
        client.fetch(Digest::of(b"half"), 9).await.unwrap_err(),
        client.wait(job().id()).await.unwrap_err(),
    ] {
        assert!(matches!(failure, JobFailure::Cut), "{failure:?}");
    }
    let endpoint = Arc::new(Endpoint {
        url: "http://127.0.0.1:1".into(),
        token: "".into(),
        application: None,
    });
    let nobody = JobClient { endpoint, ..client };
    let failure = nobody.post(&job()).await.unwrap_err();
    assert!(matches!(failure, JobFailure::NoConnection), "{failure:?}");
}
