//! Requests to the service itself.

use crate::bench::{Bench, error, parse};
use axum::http::{Method, StatusCode};
use muster_compute_http::ServiceDocument;
use muster_service_api::{ErrorCode, ServiceState, ServiceStatus};

pub(crate) async fn service_sees_the_path_without_the_prefix() {
    let bench = Bench::new();
    bench.run(&bench.with_variable("seen")).await;
    // The component chooses by the first byte after the slash.
    for (path, expected) in [
        ("/service/http/env", "seen"),
        ("/service/http/env?service/http", "seen"),
        ("/service/http/", "hello"),
        ("/service/http", "hello"),
        ("/service/http?query", "hello"),
        ("/service/http/e%2F%2e%2e", "seen"),
    ] {
        assert_eq!(bench.get(path).await, (StatusCode::OK, expected.into()), "{path}");
    }
    assert_eq!(bench.get("/service/httpx").await.0, StatusCode::NOT_FOUND);
}

pub(crate) async fn bodies_pass_both_ways() {
    let bench = Bench::new();
    bench.run(&bench.document()).await;
    // More than a document may have.
    let body = vec![7; 3 << 20];
    let (status, echo) = bench.send(Method::POST, "/service/http/body", body.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(echo == body);
}

pub(crate) async fn service_that_cannot_run_is_told() {
    let bench = Bench::new();
    let component = wat::parse_str(
        r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#,
    );
    let document = ServiceDocument::new(bench.blobs.put(&component.unwrap()).unwrap());
    assert_eq!(bench.put(&document).await.0, StatusCode::OK);
    bench.api.ready().await.unwrap_err();
    let status: ServiceStatus = parse(&bench.get("/service").await);
    assert_eq!(status.state, ServiceState::Failed);
    assert!(status.reason.unwrap().contains("cannot run"));
    let reached = bench.get("/service/http/").await;
    assert_eq!(error(&reached), (503, ErrorCode::ServiceFailed));
    // Brought again, it is tried again.
    let again: ServiceStatus = parse(&bench.put(&document).await);
    assert_eq!(again.state, ServiceState::Starting);
}
