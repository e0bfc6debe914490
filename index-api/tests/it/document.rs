//! The OpenAPI document.

use reqwest::StatusCode;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn committed_document_is_the_one_that_is_served() {
    let test = TestServer::start(0).await;
    let response = test.get("/openapi.json").await;
    assert_eq!(response.headers()["content-type"], "application/json");
    let served = response.text().await.unwrap();
    let committed = include_str!("../../openapi.json");
    assert!(
        served == committed,
        "run `cargo run -p muster-index-api --example index_openapi > index-api/openapi.json`"
    );
    // Every path of the document is served.
    let document: serde_json::Value = serde_json::from_str(&served).unwrap();
    for path in document["paths"].as_object().unwrap().keys() {
        let path = path.replace("{application}", "x");
        let response = test.get(&path).await;
        let body = (response.status() != StatusCode::OK).then_some(response.text().await.unwrap());
        assert!(body.as_ref().is_none_or(|body| !body.contains("no_route")), "{path}: {body:?}");
    }
    for part in ["max_price", "Last-Event-ID", "ApiError", "text/event-stream", "text/csv"] {
        assert!(served.contains(part), "{part}");
    }
}
