//! Jobs from the post to the signed result.

use crate::{
    endless,
    server::{TestServer, host, id, signature},
    start,
};
use muster_compute::{Input, Job, JobDocument, JobPath, JobResult, Outcome, Output};
use muster_job_api::{JobState, WorkerLimits};
use reqwest::{Method, StatusCode};

/// Copies the file /in to /out and to both standard streams, and exits with 7.
pub(crate) const COPY: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 100) "in") (data (i32.const 110) "out")
    (func (export "_start")
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 2) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 80)))
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 110) (i32.const 3) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 84)))
        (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 65536))
        (drop (call $read (i32.load (i32.const 80)) (i32.const 0) (i32.const 1) (i32.const 4)))
        (drop (call $write (i32.load (i32.const 84)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
        (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $exit (i32.const 7))))"#;

#[tokio::test(flavor = "multi_thread")]
async fn job_is_run_once_and_its_result_is_signed() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let mut job = JobDocument::new(api.put(&wat::parse_str(COPY).unwrap()).await);
    let input = api.put(b"hello").await;
    job.inputs = vec![Input { blob: input, path: JobPath::new("/in").unwrap() }];
    job.outputs = vec![Output::new("/out").unwrap()];
    let posted = api.try_post(&job).await;
    assert_eq!(posted.status(), StatusCode::ACCEPTED);

    let status = api.wait(&id(&job)).await;
    assert_eq!(status.state, JobState::Done);
    assert_eq!((status.stderr, status.reason.as_deref()), (Some(input), None));
    assert!(status.cpu_ms.is_some());
    let signed = status.result.clone().unwrap();
    assert_eq!((signed.result.outcome, signed.result.stdout), (Outcome::Exit(7), input));
    let files: Vec<_> =
        signed.result.outputs.iter().map(|file| (file.path.as_str(), file.blob)).collect();
    assert_eq!(files, [("/out", input)]);
    let digest = signed.result.digest().unwrap();
    assert_eq!(signed.signature, signature(&status.id, &digest));

    // Document and result are blobs as well.
    assert_eq!(api.get(&status.id).await, Job::new(job.clone()).unwrap().canonical());
    assert_eq!(JobResult::parse(&api.get(&digest).await).unwrap(), signed.result);

    // The same job again, written in another way.
    let mut same = serde_json::to_value(&job).unwrap();
    same.as_object_mut().unwrap().remove("environment");
    let again = api.request(Method::POST, "/jobs").json(&same).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<muster_job_api::JobStatus>().await.unwrap(), status);
    // What is done cannot be cancelled any more.
    assert_eq!(api.cancel(&status.id).await, status);
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_is_a_result_and_exhaustion_of_the_stack_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let trap = JobDocument::new(api.put(&start("unreachable")).await);
    let trap = api.run(&trap).await;
    assert_eq!(trap.result.unwrap().result.outcome, Outcome::Trap);
    assert!(trap.trap.unwrap().contains("unreachable"));

    let deep = r#"(module (func $f (call $f)) (func (export "_start") (call $f)))"#;
    let deep = JobDocument::new(api.put(&wat::parse_str(deep).unwrap()).await);
    for _ in 0..2 {
        let status = api.run(&deep).await;
        assert_eq!((status.state, status.result), (JobState::Unfinished, None));
        assert_eq!(status.reason.unwrap(), "the program ran out of stack");
        // Posting it again tries again: it waits, and comes to the same.
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_result_is_tried_again_when_it_is_posted_again() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let module = start("");
    let job = JobDocument::new(muster_compute::Digest::of(&module));
    let server = TestServer::refusing(&folder, &host, "a", Some(id(&job))).await;
    let api = server.api();
    api.put(&module).await;
    let status = api.run(&job).await;
    assert_eq!((status.state, status.result), (JobState::Unfinished, None));
    assert_eq!(status.reason.unwrap(), "the key is gone");
    server.close().await;
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    assert_eq!(api.status(&id(&job)).await.state, JobState::Unfinished);
    assert_eq!(api.run(&job).await.state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_out_of_time_or_space_are_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |options| options.blobs = 150_000);
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let mut job = JobDocument::new(api.put(&endless()).await);
    job.limits.time = 1;
    let status = api.run(&job).await;
    assert_eq!((status.state, status.result), (JobState::Unfinished, None));
    assert_eq!(status.reason.unwrap(), "out of time while running");

    let mut job = JobDocument::new(api.put(&wat::parse_str(COPY).unwrap()).await);
    let input = api.put(&vec![7; 30_000]).await;
    job.inputs = vec![Input { blob: input, path: JobPath::new("/in").unwrap() }];
    assert_eq!(api.run(&job).await.state, JobState::Done, "what is here already counts nothing");
    let print = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 2) (data (i32.const 4) "\00\00\01\00")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;
    let print = JobDocument::new(api.put(&wat::parse_str(print).unwrap()).await);
    let status = api.run(&print).await;
    assert_eq!((status.state, status.result), (JobState::Unfinished, None));
    assert!(status.reason.unwrap().starts_with("no space left"));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_wait_or_run_are_cancelled_and_can_be_posted_again() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let mut running = JobDocument::new(api.put(&endless()).await);
    running.limits.time = 3_600_000;
    let waiting = JobDocument::new(api.put(&start("")).await);
    let running = api.post(&running).await.id;
    api.until_running(&running).await;
    let waiting_id = api.post(&waiting).await.id;
    assert_eq!(api.status(&waiting_id).await.state, JobState::Waiting);
    assert_eq!(api.cancel(&waiting_id).await.state, JobState::Cancelled);
    let waiter = tokio::spawn({
        let api = api.clone();
        async move { api.wait(&running).await.state }
    });
    assert_eq!(api.cancel(&running).await.state, JobState::Cancelled);
    assert_eq!(waiter.await.unwrap(), JobState::Cancelled);
    assert_eq!(api.run(&waiting).await.state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 3, |options| {
        (options.waiting, options.blobs) = (5, 1 << 20);
        options.settings.limits.time = 1_000;
    });
    let server = TestServer::start(&folder, &host, "a").await;
    let limits = server.api().send(Method::GET, "/limits").await;
    let limits: WorkerLimits = limits.json().await.unwrap();
    assert_eq!(&limits, host.limits());
    assert_eq!((limits.running, limits.waiting, limits.blobs), (3, 5, 1 << 20));
    assert_eq!(
        (limits.job.time, limits.profiles.as_slice()),
        (1_000, ["wasm1".to_owned()].as_slice())
    );
}
