//! What is there after the server was stopped and opened again.

use crate::{
    endless,
    server::{TestServer, host, id},
    start,
};
use muster_compute::JobDocument;
use muster_job_api::JobState;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_waited_or_ran_run_again_and_a_signed_result_stays() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let job = JobDocument::new(api.put(&start("")).await);
    let done = api.run(&job).await;
    let mut running = JobDocument::new(api.put(&endless()).await);
    running.limits.time = 3_600_000;
    let mut waiting = JobDocument { arguments: vec!["later".to_owned()], ..job.clone() };
    for job in [&running, &waiting] {
        api.post(job).await;
    }
    api.until_running(&id(&running)).await;
    let waiter = tokio::spawn({
        let (api, id) = (api.clone(), id(&running));
        async move { api.send(reqwest::Method::GET, &format!("/jobs/{id}?wait=50")).await.status() }
    });
    server.close().await;
    assert_eq!(waiter.await.unwrap(), 200, "who waits is answered");

    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    assert_eq!(api.status(&done.id).await, done);
    api.until_running(&id(&running)).await;
    assert_eq!(api.status(&id(&waiting)).await.state, JobState::Waiting);
    assert_eq!(api.cancel(&id(&running)).await.state, JobState::Cancelled);
    assert_eq!(api.wait(&id(&waiting)).await.state, JobState::Done);
    server.close().await;

    // Nothing runs twice, and the order of new jobs is after that of old ones.
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    assert_eq!(api.status(&id(&running)).await.state, JobState::Cancelled);
    waiting.arguments = vec!["new".to_owned()];
    assert_eq!(api.run(&waiting).await.state, JobState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_whose_blobs_are_lost_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let api = server.api();
    let job = JobDocument::new(api.put(&start("")).await);
    let done = api.run(&job).await;
    let lost = [
        done.result.clone().unwrap().result.digest().unwrap(),
        done.result.clone().unwrap().result.stdout,
    ];
    for blob in lost {
        let text = blob.to_string();
        std::fs::remove_file(folder.path().join("a/blobs").join(&text[..2]).join(&text)).unwrap();
        assert_eq!(api.try_post(&job).await.status(), 202);
        assert_eq!(api.wait(&done.id).await.result, done.result);
        assert!(api.has(&blob).await);
    }
}
