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
use muster_service_api::{ApiError, ErrorCode, ServiceApi, router};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt;

/// An API with a folder.
pub(crate) struct Bench {
    pub(crate) api: Arc<ServiceApi>,
    pub(crate) blobs: BlobStore,
    pub(crate) folder: TempDir,
    router: Router,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    /// As after a new start of the host.
    pub(crate) fn open(folder: TempDir) -> Self {
        let blobs = BlobStore::open(folder.path().join("blobs")).unwrap();
        let settings = Settings::new(folder.path());
        let api = Arc::new(ServiceApi::new(settings, blobs.clone(), folder.path()));
        Self { router: router(Arc::clone(&api)), api, blobs, folder }
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

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> (StatusCode, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
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
