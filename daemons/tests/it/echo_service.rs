//! A service that tells what it was asked for.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, Uri};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A service that responds to every request with its path, until it is dropped.
pub(crate) struct EchoService {
    /// The address that it listens on.
    address: SocketAddr,
    /// The headers of the requests that it got.
    pub(crate) requests: Arc<Mutex<Vec<HeaderMap>>>,
    /// The service.
    task: JoinHandle<()>,
}

impl EchoService {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<_>>>::default();
        let seen = requests.clone();
        let app = axum::Router::new().fallback(async move |uri: Uri, headers: HeaderMap| {
            seen.lock().unwrap().push(headers);
            format!("you asked for {}", uri.path())
        });
        let task = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, requests, task }
    }

    /// The address that it listens on.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it: its port is closed when this returns.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        drop((&mut self.task).await);
    }
}

impl Drop for EchoService {
    fn drop(&mut self) {
        self.task.abort();
    }
}
