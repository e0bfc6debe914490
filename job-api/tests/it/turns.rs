//! Who runs when.

use crate::{
    endless,
    server::{TestServer, host},
    start,
};
use muster_compute::JobDocument;
use muster_job_api::JobState;

#[tokio::test(flavor = "multi_thread")]
async fn agreements_take_turns_however_many_jobs_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let many = TestServer::start(&folder, &host, "many").await;
    let one = TestServer::start(&folder, &host, "one").await;
    let (many, one) = (many.api(), one.api());
    let mut endless = JobDocument::new(many.put(&endless()).await);
    endless.limits.time = 3_600_000;
    let mut running = Vec::new();
    for name in ["1", "2", "3", "4"] {
        endless.arguments = vec![name.to_owned()];
        running.push(many.post(&endless).await.id);
    }
    many.until_running(&running[0]).await;
    let job = JobDocument::new(one.put(&start("")).await);
    let waiting = one.post(&job).await.id;
    assert_eq!(one.status(&waiting).await.state, JobState::Waiting, "one job runs at once");

    // The other agreement may have asked for the next turn before, and this one has the turn after it at the latest.
    many.cancel(&running[0]).await;
    many.cancel(&running[1]).await;
    assert_eq!(one.wait(&waiting).await.state, JobState::Done);
    many.until_running(&running[2]).await;
    assert_eq!(many.status(&running[3]).await.state, JobState::Waiting);
    many.cancel(&running[3]).await;
    many.cancel(&running[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_jobs_run_at_once_as_the_host_has_turns() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 2, |_| {});
    let servers = [
        TestServer::start(&folder, &host, "a").await,
        TestServer::start(&folder, &host, "b").await,
    ];
    let mut ids = Vec::new();
    for server in &servers {
        let api = server.api();
        let mut job = JobDocument::new(api.put(&endless()).await);
        job.limits.time = 3_600_000;
        for name in ["1", "2"] {
            job.arguments = vec![name.to_owned()];
            ids.push((api.clone(), api.post(&job).await.id));
        }
    }
    let count = async |wanted| {
        let mut count = 0;
        for (api, id) in &ids {
            count += usize::from(api.status(id).await.state == wanted);
        }
        count
    };
    while count(JobState::Running).await < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!((count(JobState::Running).await, count(JobState::Waiting).await), (2, 2));
    for (api, id) in &ids {
        assert_eq!(api.cancel(id).await.state, JobState::Cancelled);
    }
    for server in servers {
        server.close().await;
    }
}
