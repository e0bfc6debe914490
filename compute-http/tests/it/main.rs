//! Services in processes of their own, as a host runs them.

#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod component;
mod hosts;
mod limits;
mod requests;

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
};
use muster_compute::Digest;
use muster_compute_http::{LogStream, Service, ServiceDocument, ServiceLimits, Settings};
use std::path::PathBuf;
use tempfile::TempDir;

/// A service of the test component, whose processes are the crate's own program: a test's `main` cannot call
/// `child_main`.
struct Bench {
    service: Service,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A service that runs.
    async fn with(change: impl FnOnce(&mut ServiceDocument)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let component = component::encode();
        let mut document = ServiceDocument::new(Digest::of(&component));
        change(&mut document);
        let service = Service::start(&settings(&folder), document, &component).unwrap();
        service.ready().await.unwrap();
        Self { service, folder }
    }

    /// Sends a request to a path.
    async fn request(&self, path: &str, body: Vec<u8>) -> Response<Incoming> {
        let request = Request::post(path).body(Full::new(Bytes::from(body))).unwrap();
        self.service.send(request).await.unwrap()
    }

    /// Status and body of a response.
    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        read(self.request(path, Vec::new()).await).await
    }

    /// The body of a response that must be a success.
    async fn body(&self, path: &str) -> Vec<u8> {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// Waits until the log has a line that holds a text.
    async fn logged(&self, stream: LogStream, text: &str) {
        let is_it =
            |line: &muster_compute_http::LogLine| line.stream == stream && line.text.contains(text);
        while !self.service.log(0).iter().any(is_it) {
            tokio::task::yield_now().await;
        }
    }
}

fn settings(folder: &TempDir) -> Settings {
    let mut settings = Settings::new(folder.path());
    // A name of its own, by which a test finds its processes.
    settings.program = folder.path().join("program");
    if !settings.program.exists() {
        std::fs::copy(env!("CARGO_BIN_EXE_muster-compute-http"), &settings.program).unwrap();
    }
    settings
}

async fn read(response: Response<Incoming>) -> (StatusCode, Vec<u8>) {
    let (head, body) = response.into_parts();
    (head.status, body.collect().await.unwrap().to_bytes().to_vec())
}

/// The processes that run a bench's program.
fn processes(folder: &TempDir) -> Vec<PathBuf> {
    let program = folder.path().join("program");
    let all = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| std::fs::read_link(path.join("exe")).is_ok_and(|exe| exe == program))
        .collect()
}
