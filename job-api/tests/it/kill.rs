//! What is there after the process was killed.

use crate::{
    endless,
    server::{Api, PROGRAM, id},
    start,
};
use muster_compute::JobDocument;
use muster_job_api::JobState;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The program on a folder.
struct Server {
    process: Child,
    api: Api,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(PROGRAM);
        let mut process = command.arg(folder).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let api = Api { url: url.trim().to_owned(), client: reqwest::Client::new() };
        Self { process, api }
    }
}

impl Drop for Server {
    /// SIGKILL: it has no time for anything.
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_lost_when_the_process_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let api = &server.api;
    let job = JobDocument::new(api.put(&start("")).await);
    let done = api.run(&job).await;
    assert_eq!(done.result.as_ref().unwrap().signature, "unsigned");
    let mut running = JobDocument::new(api.put(&endless()).await);
    running.limits.time = 3_600_000;
    let waiting = JobDocument { arguments: vec!["later".to_owned()], ..job };
    for job in [&running, &waiting] {
        api.post(job).await;
    }
    api.until_running(&id(&running)).await;
    drop(server);

    let server = Server::start(folder.path());
    let api = &server.api;
    assert_eq!(api.status(&done.id).await, done);
    api.until_running(&id(&running)).await;
    assert_eq!(api.cancel(&id(&running)).await.state, JobState::Cancelled);
    assert_eq!(api.wait(&id(&waiting)).await.state, JobState::Done);
}
