//! Limits.

use reqwest::StatusCode;

use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_often_is_told_so() {
    let test =
        TestServer::with(0, |options| options.requests_per_second = 3.try_into().unwrap()).await;
    let mut refused = None;
    while refused.is_none() {
        let response = test.get("/v1/markets").await;
        refused = (response.status() != StatusCode::OK).then_some(response);
    }
    let refused = refused.unwrap();
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"1".parse().unwrap())
    );
    assert_eq!(refused.headers()["access-control-allow-origin"], "*", "a page can read why");
    assert_eq!(refused.json::<serde_json::Value>().await.unwrap()["error"], "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_behind_a_proxy_are_counted_one_by_one() {
    let test = TestServer::with(0, |options| {
        options.requests_per_second = 1.try_into().unwrap();
        options.is_behind_proxy = true;
    })
    .await;
    for n in 0..50 {
        let request =
            test.request("/v1/markets").header("x-forwarded-for", format!("6.6.6.6, 10.0.0.{n}"));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
}
