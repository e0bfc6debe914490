//! An API with a folder, and requests to it.

use crate::component;
use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt;
use muster_compute::{BlobStore, Digest, Variable};
use muster_compute_http::{ServiceDocument, Settings};
use muster_service_api::{
    ApiError, ClientVerifier, ErrorCode, ManagementAction, SIGNATURE_HEADER, ServiceApi, router,
};
use serde::de::DeserializeOwned;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tempfile::TempDir;
use tower::ServiceExt;

/// A client whose signature is what it signs.
#[derive(Debug)]
struct Client;

impl ClientVerifier for Client {
    fn is_signed(&self, action: ManagementAction, number: u64, signature: &str) -> bool {
        signature == sign(action, number)
    }
}

/// The signature of a request.
pub(crate) fn sign(action: ManagementAction, number: u64) -> String {
    format!("{action:?} {number}")
}

/// An API with a folder.
pub(crate) struct Bench {
    pub(crate) api: Arc<ServiceApi>,
    pub(crate) blobs: BlobStore,
    pub(crate) folder: TempDir,
    pub(crate) router: Router,
    /// The last number under which a request was signed.
    pub(crate) number: AtomicU64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    /// As after a new start of the host.
    pub(crate) fn open(folder: TempDir) -> Self {
        let blobs = BlobStore::open(folder.path().join("blobs")).unwrap();
        let settings = Settings::new(folder.path());
        let api = ServiceApi::open(settings, blobs.clone(), folder.path(), Box::new(Client));
        let api = Arc::new(api.unwrap());
        Self { router: router(Arc::clone(&api)), api, blobs, folder, number: AtomicU64::new(0) }
    }

    /// A document of the test component, which is uploaded.
    pub(crate) fn document(&self) -> ServiceDocument {
        ServiceDocument::new(self.blobs.put(&component::encode()).unwrap())
    }

    /// The same with a variable.
    pub(crate) fn with_variable(&self, value: &str) -> ServiceDocument {
        let mut document = self.document();
        document.environment = vec![Variable { name: "NAME".into(), value: value.into() }];
        document
    }

    /// Sends a request, signed by the client if that is needed.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> (StatusCode, Vec<u8>) {
        let action = match (&method, path.split('?').next()) {
            (&Method::PUT, Some("/service")) => Some(ManagementAction::Put(Digest::of(&body))),
            (&Method::DELETE, Some("/service")) => Some(ManagementAction::Delete),
            (_, Some("/service/logs")) => Some(ManagementAction::Logs),
            _ => None,
        };
        let signature = action.map(|action| {
            let number = self.number.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            format!("{number},{}", sign(action, number))
        });
        self.send_with(method, path, body, signature).await
    }

    /// Sends a request with this header of a signature.
    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        signature: Option<String>,
    ) -> (StatusCode, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature);
        }
        let request = request.body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        (head.status, body.collect().await.unwrap().to_bytes().to_vec())
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        self.send(Method::GET, path, Vec::new()).await
    }

    /// Brings a service, and returns what is told of it.
    pub(crate) async fn put(&self, document: &ServiceDocument) -> (StatusCode, Vec<u8>) {
        self.send(Method::PUT, "/service", serde_json::to_vec(document).unwrap()).await
    }

    /// Brings a service and waits until it runs.
    pub(crate) async fn run(&self, document: &ServiceDocument) {
        assert_eq!(self.put(document).await.0, StatusCode::OK);
        self.api.ready().await.unwrap();
    }
}

/// What a response says.
pub(crate) fn parse<T: DeserializeOwned>(response: &(StatusCode, Vec<u8>)) -> T {
    serde_json::from_slice(&response.1).unwrap()
}

/// Status and code of an error.
pub(crate) fn error(response: &(StatusCode, Vec<u8>)) -> (u16, ErrorCode) {
    (response.0.as_u16(), parse::<ApiError>(response).error)
}

/// A blob that is not there.
pub(crate) fn missing() -> Digest {
    Digest::of(b"missing")
}
