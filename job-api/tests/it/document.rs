//! The OpenAPI document.

use crate::server::{TestServer, host};
use reqwest::Method;

#[tokio::test(flavor = "multi_thread")]
async fn committed_document_is_the_one_that_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder, 1, |_| {});
    let server = TestServer::start(&folder, &host, "a").await;
    let reply = server.api().send(Method::GET, "/openapi.json").await;
    assert_eq!(reply.headers()["content-type"], "application/json");
    let text = reply.text().await.unwrap();
    let committed = include_str!("../../openapi.json");
    assert!(
        text == committed,
        "run `cargo run -p muster-job-api --example openapi > job-api/openapi.json`"
    );
    for part in ["/blobs/{digest}", "/jobs/{id}", "/limits", "too_many_jobs", "JobDocument"] {
        assert!(text.contains(part), "{part}");
    }
}
