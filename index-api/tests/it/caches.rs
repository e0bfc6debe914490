//! `ETag`s, and pages of other sites.

use reqwest::{Method, StatusCode};

use crate::generator::client;
use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_a_known_block_is_not_sent_again() {
    let mut test = TestServer::start(300).await;
    let paths = [
        "/v1/workers".to_owned(),
        format!("/v1/accounts/{}/statement.csv", client(0)),
        "/v1/events".to_owned(),
    ];
    let mut tags = Vec::new();
    for path in &paths {
        let response = test.get(path).await;
        let head = test.index.head(test.id).unwrap().unwrap();
        assert_eq!(response.headers()["etag"], format!("\"{}\"", head.hash));
        assert_eq!(response.headers()["muster-block"], head.number.to_string());
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let again = test.request(path).header("if-none-match", known).send().await.unwrap();
            assert_eq!(
                (again.status(), &again.headers()["etag"]),
                (StatusCode::NOT_MODIFIED, &response.headers()["etag"])
            );
            assert_eq!(again.text().await.unwrap(), "");
        }
        tags.push(tag);
    }
    test.advance(50);
    for (path, tag) in paths.iter().zip(tags) {
        let new = test.request(path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(new.status(), StatusCode::OK, "{path}");
        assert_ne!(new.headers()["etag"], *tag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_sites_may_read_and_nothing_else() {
    let test = TestServer::start(300).await;
    let response =
        test.request("/v1/workers").header("origin", "https://example.org").send().await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let exposed = response.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(exposed.contains("etag") && exposed.contains("muster-block-hash"), "{exposed}");
    assert!(!response.headers().contains_key("access-control-allow-credentials"));
    let url = format!("http://{}/v1/workers", test.server.address());
    let preflight = reqwest::Client::new()
        .request(Method::OPTIONS, url)
        .header("origin", "https://example.org")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "last-event-id")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.headers()["access-control-allow-methods"], "GET,HEAD");
    assert_eq!(
        preflight.headers()["access-control-allow-headers"],
        "accept,if-none-match,last-event-id"
    );
}
