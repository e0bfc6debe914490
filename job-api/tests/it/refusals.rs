//! Every error of the table, by a request that causes it.

use crate::{
    endless,
    server::{Api, TestServer, assert_refused, host},
    start,
};
use futures::{StreamExt, stream};
use muster_compute::{BLOB_COST, Digest, Input, JobDocument, JobPath};
use muster_job_api::ErrorCode;
use reqwest::{Method, header};

/// Posts a text as a job.
async fn post_text(api: &Api, text: impl Into<String>) -> reqwest::Response {
    api.request(Method::POST, "/jobs").body(text.into()).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let digest = Digest::of(b"");
    let upper = digest.to_string().to_uppercase();
    for path in ["/blobs/1", &format!("/blobs/{upper}"), "/jobs/..%2f..", "/jobs/0x00"] {
        let error = assert_refused(api.send(Method::GET, path).await, 400, ErrorCode::BadDigest);
        assert!(error.await.message.contains("64"));
    }
    assert_refused(api.send(Method::DELETE, "/jobs/1").await, 400, ErrorCode::BadDigest).await;
    assert_refused(api.send(Method::PUT, "/blobs/1").await, 400, ErrorCode::BadDigest).await;

    let wait = api.send(Method::GET, &format!("/jobs/{digest}?wait=long")).await;
    assert_refused(wait, 400, ErrorCode::BadRequest).await;
    for range in ["bytes 0-1", "bytes 1-0/3", "bytes 0-3/3", "bytes */3", "0-1/3"] {
        let put = api.request(Method::PUT, &format!("/blobs/{digest}"));
        let put = put.header(header::CONTENT_RANGE, range).send().await.unwrap();
        assert_refused(put, 400, ErrorCode::BadRequest).await;
    }

    let unknown = format!(r#"{{"module":"{digest}","profile":"wasm2"}}"#);
    let field = format!(r#"{{"module":"{digest}","profile":"wasm1","network":true}}"#);
    let path = format!(r#"{{"module":"{digest}","profile":"wasm1","outputs":["/a/../b"]}}"#);
    let long = " ".repeat(3 << 20);
    for text in [String::new(), "[]".to_owned(), unknown, field, path, long] {
        assert_refused(post_text(&api, text).await, 400, ErrorCode::BadJob).await;
    }

    for path in ["/", "/job", "/blobs", "/jobs/1/2"] {
        assert_refused(api.send(Method::GET, path).await, 404, ErrorCode::NoRoute).await;
    }
    for (method, path) in [(Method::DELETE, "/limits"), (Method::GET, "/jobs")] {
        assert_refused(api.send(method, path).await, 405, ErrorCode::NoMethod).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_here_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let [blob, other] = [Digest::of(b"a"), Digest::of(b"b")];
    let get = api.send(Method::GET, &format!("/blobs/{blob}")).await;
    assert_refused(get, 404, ErrorCode::NoBlob).await;
    for method in [Method::GET, Method::DELETE] {
        let response = api.send(method, &format!("/jobs/{blob}")).await;
        assert_refused(response, 404, ErrorCode::NoJob).await;
    }
    let mut job = JobDocument::new(blob);
    job.stdin = Some(api.put(b"here").await);
    job.inputs = vec![
        Input { blob: other, path: JobPath::new("/1").unwrap() },
        Input { blob: other, path: JobPath::new("/2").unwrap() },
    ];
    let error = assert_refused(api.try_post(&job).await, 409, ErrorCode::MissingBlobs).await;
    let mut missing = vec![blob, other];
    missing.sort();
    assert_eq!(error.blobs, missing);
    let get = api.send(Method::GET, &format!("/jobs/{}", crate::server::id(&job))).await;
    assert_refused(get, 404, ErrorCode::NoJob).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_outside_the_profile_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let import =
        r#"(module (import "wasi_snapshot_preview1" "sock_open" (func)) (func (export "_start")))"#;
    let import = wat::parse_str(import).unwrap();
    for (module, reason) in [
        (b"#!/bin/sh".to_vec(), "not valid"),
        (wat::parse_str("(module)").unwrap(), "_start"),
        (import, "wasi_snapshot_preview1.sock_open"),
    ] {
        let job = JobDocument::new(api.put(&module).await);
        for _ in 0..2 {
            let error = assert_refused(api.try_post(&job).await, 422, ErrorCode::BadModule).await;
            assert!(error.message.contains(reason), "{}", error.message);
        }
    }
    let mut job = JobDocument::new(api.put(&start("")).await);
    job.limits.memory = 65_535;
    let error = assert_refused(api.try_post(&job).await, 422, ErrorCode::BadModule).await;
    assert!(error.message.contains("needs 65536 bytes"), "{}", error.message);
    job.limits.memory = 65_536;
    assert!(api.run(&job).await.result.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_worker_takes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |options| {
        options.waiting = 2;
        options.settings.limits.time = 60_000;
        options.settings.limits.storage = 256 << 20;
        options.settings.limits.memory = 1 << 30;
    });
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let mut job = JobDocument::new(api.put(&endless()).await);
    let usual = job.limits;
    for (name, limits) in [
        ("memory", muster_compute::Limits { memory: (1 << 30) + 1, ..usual }),
        ("storage", muster_compute::Limits { storage: (256 << 20) + 1, ..usual }),
        ("time", muster_compute::Limits { time: 60_001, ..usual }),
    ] {
        job.limits = limits;
        let error = assert_refused(api.try_post(&job).await, 413, ErrorCode::TooLarge).await;
        assert!(error.message.contains(name), "{}", error.message);
    }
    job.limits = usual;
    let mut post = async |name: &str| {
        job.arguments = vec![name.to_owned()];
        api.try_post(&job).await
    };
    let running = post("0").await.json::<muster_job_api::JobStatus>().await.unwrap();
    api.until_running(&running.id).await;
    for name in ["1", "2", "1"] {
        assert_eq!(post(name).await.status(), 202);
    }
    assert_refused(post("3").await, 429, ErrorCode::TooManyJobs).await;
    assert_eq!(api.cancel(&running.id).await.state, muster_job_api::JobState::Cancelled);
    while post("3").await.status() != 202 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_jobs_at_once_as_many_wait_as_may_and_the_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let mut job = JobDocument::new(api.put(&endless()).await);
    job.limits.time = 3_600_000;
    let running = api.post(&job).await.id;
    api.until_running(&running).await;
    let posts = (0..10_000_u32).map(|number| {
        let arguments = vec![number.to_string()];
        let (job, api) = (JobDocument { arguments, ..job.clone() }, &api);
        async move {
            let response = api.try_post(&job).await;
            if response.status() == 202 {
                return true;
            }
            assert_refused(response, 429, ErrorCode::TooManyJobs).await;
            false
        }
    });
    let posted: Vec<bool> = stream::iter(posts).buffer_unordered(64).collect().await;
    assert_eq!(posted.into_iter().filter(|taken| *taken).count(), 100);
    assert_eq!(api.status(&running).await.state, muster_job_api::JobState::Running);
    server.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn job_without_space_for_its_document_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let module = start("");
    let size = u64::try_from(module.len()).unwrap();
    let host = host(&folder, 1, |options| options.blobs = 2 * BLOB_COST + size - 1);
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let job = JobDocument::new(api.put(&module).await);
    assert_refused(api.try_post(&job).await, 507, ErrorCode::NoSpace).await;
}
