//! A server in a folder, and a client of it.

use muster_compute::{Digest, Job, JobDocument, Settings};
use muster_job_api::{
    ApiError, ErrorCode, HostOptions, JobHost, JobServer, JobState, JobStatus, ResultSigner,
    SignError,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

/// The program that serves as child: a test's `main` cannot.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_muster-job-server");

/// Signs with both texts, or refuses the job that it is told.
struct TestSigner {
    refused: Option<Digest>,
}

impl ResultSigner for TestSigner {
    fn sign(&self, job: &Digest, result: &Digest) -> Result<String, SignError> {
        if self.refused == Some(*job) {
            return Err("the key is gone".into());
        }
        Ok(signature(job, result))
    }
}

/// What [`TestServer`]s sign.
pub(crate) fn signature(job: &Digest, result: &Digest) -> String {
    format!("{job} {result}")
}

/// A host with this many turns.
pub(crate) fn host(
    folder: &TempDir,
    running: u32,
    change: impl FnOnce(&mut HostOptions),
) -> JobHost {
    let mut settings = Settings::new(folder.path().join("cache"));
    settings.program = PathBuf::from(PROGRAM);
    settings.wall_factor = 1_000_000;
    let running = NonZeroU32::new(running).unwrap();
    let mut options = HostOptions { settings, running, waiting: 100, blobs: 1 << 30 };
    change(&mut options);
    JobHost::new(options).unwrap()
}

/// A server of an agreement.
pub(crate) struct TestServer {
    server: JobServer,
    address: SocketAddr,
    http: JoinHandle<()>,
    client: Client,
}

impl TestServer {
    /// The server of an agreement in a folder of this name.
    pub(crate) async fn start(folder: &TempDir, host: &JobHost, name: &str) -> Self {
        Self::refusing(folder, host, name, None).await
    }

    /// One that refuses to sign for a job.
    pub(crate) async fn refusing(
        folder: &TempDir,
        host: &JobHost,
        name: &str,
        refused: Option<Digest>,
    ) -> Self {
        let signer = TestSigner { refused };
        let server = JobServer::open(host, &folder.path().join(name), signer).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, router) = (listener.local_addr().unwrap(), server.router());
        let http = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { server, address, http, client: Client::new() }
    }

    /// Stops it as an owner does.
    pub(crate) async fn close(self) {
        self.server.close().await;
        self.http.abort();
    }

    /// A client of it.
    pub(crate) fn api(&self) -> Api {
        Api { url: format!("http://{}", self.address), client: self.client.clone() }
    }
}

/// A client of a server.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) url: String,
    pub(crate) client: Client,
}

impl Api {
    /// A request.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// The response to a request without a body.
    pub(crate) async fn send(&self, method: Method, path: &str) -> Response {
        self.request(method, path).send().await.unwrap()
    }

    /// Puts a blob.
    pub(crate) async fn put(&self, bytes: &[u8]) -> Digest {
        let blob = Digest::of(bytes);
        let put = self.request(Method::PUT, &format!("/blobs/{blob}")).body(bytes.to_vec());
        let response = put.send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        blob
    }

    /// Reads a blob.
    pub(crate) async fn get(&self, blob: &Digest) -> Vec<u8> {
        let response = self.send(Method::GET, &format!("/blobs/{blob}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.bytes().await.unwrap().to_vec()
    }

    /// Whether a blob is here.
    pub(crate) async fn has(&self, blob: &Digest) -> bool {
        self.send(Method::HEAD, &format!("/blobs/{blob}")).await.status() == StatusCode::OK
    }

    /// The response to a job.
    pub(crate) async fn try_post(&self, job: &JobDocument) -> Response {
        self.request(Method::POST, "/jobs").json(job).send().await.unwrap()
    }

    /// Posts a job that is taken.
    pub(crate) async fn post(&self, job: &JobDocument) -> JobStatus {
        let response = self.try_post(job).await;
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        response.json().await.unwrap()
    }

    /// The status of a job, as it is now.
    pub(crate) async fn status(&self, id: &Digest) -> JobStatus {
        self.send(Method::GET, &format!("/jobs/{id}")).await.json().await.unwrap()
    }

    /// The final status of a job.
    pub(crate) async fn wait(&self, id: &Digest) -> JobStatus {
        loop {
            let response = self.send(Method::GET, &format!("/jobs/{id}?wait=50")).await;
            let status: JobStatus = response.json().await.unwrap();
            if !matches!(status.state, JobState::Waiting | JobState::Running) {
                return status;
            }
        }
    }

    /// Posts a job, and waits for its final status.
    pub(crate) async fn run(&self, job: &JobDocument) -> JobStatus {
        let status = self.post(job).await;
        self.wait(&status.id).await
    }

    /// Returns once a job runs.
    pub(crate) async fn until_running(&self, id: &Digest) {
        while self.status(id).await.state != JobState::Running {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Cancels a job.
    pub(crate) async fn cancel(&self, id: &Digest) -> JobStatus {
        self.send(Method::DELETE, &format!("/jobs/{id}")).await.json().await.unwrap()
    }
}

/// Asserts that a response is this error.
pub(crate) async fn assert_refused(response: Response, status: u16, code: ErrorCode) -> ApiError {
    let actual = response.status();
    let text = response.text().await.unwrap();
    let error: ApiError = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!((actual.as_u16(), error.error), (status, code), "{text}");
    error
}

/// The id of a job.
pub(crate) fn id(job: &JobDocument) -> Digest {
    Job::new(job.clone()).unwrap().id()
}
