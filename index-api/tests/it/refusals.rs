//! Requests that have no answer.

use reqwest::{Client, Method, StatusCode};

use crate::generator::{agreement_address, worker};
use crate::server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_malformed_or_not_there_is_refused_with_a_code() {
    let test = TestServer::start(300).await;
    let ada = worker(0);
    let nobody = "0x00000000000000000000000000000000000000ff";
    let refused: &[(&str, &str)] = &[
        ("/", "no_route"),
        ("/v1/", "no_route"),
        ("/v2/workers", "no_route"),
        ("/v1/workers?limit=0", "bad_request"),
        ("/v1/workers?limit=201", "bad_request"),
        ("/v1/workers?limit=-1", "bad_request"),
        ("/v1/workers?limit=99999999999", "bad_request"),
        ("/v1/workers?after=x", "bad_request"),
        ("/v1/workers?after=99999999999999999999", "bad_request"),
        ("/v1/workers?after=1-1&order=number", "bad_request"),
        ("/v1/workers?order=price", "bad_request"),
        ("/v1/workers?order=cheap", "bad_request"),
        ("/v1/workers?prize=1", "bad_request"),
        ("/v1/workers?application=longer-than-eight", "bad_request"),
        ("/v1/workers?max_price=1.5", "bad_request"),
        ("/v1/workers?free=maybe", "bad_request"),
        ("/v1/workers/ada", "bad_request"),
        ("/v1/workers/0x12", "bad_request"),
        ("/v1/agreements?state=broken", "bad_request"),
        ("/v1/applications/app0/prices", "bad_request"),
        ("/v1/applications/app0/prices?from=2&to=1", "ok"),
        ("/v1/applications/app0/prices?from=0&to=99999999999", "bad_request"),
        ("/v1/events?after=1", "bad_request"),
        ("/v1/accounts/0x/statement", "bad_request"),
        ("/v1/evidence/x", "not_found"),
    ];
    for (path, code) in refused {
        let response = test.get(path).await;
        let status = response.status();
        let body: serde_json::Value = response.json().await.unwrap();
        if *code == "ok" {
            assert_eq!(status, StatusCode::OK, "the same day: {path}");
            continue;
        }
        assert_eq!(body["error"], *code, "{path}: {body}");
        let expected = match *code {
            "bad_request" => StatusCode::BAD_REQUEST,
            _ => StatusCode::NOT_FOUND,
        };
        assert_eq!(status, expected, "{path}");
        assert!(body["message"].as_str().unwrap().len() > 10, "{path}: {body}");
    }
    for path in [
        format!("/v1/workers/{nobody}"),
        format!("/v1/testers/{ada}"),
        format!("/v1/agreements/{}", agreement_address(4_000_000)),
    ] {
        assert_eq!(test.json(StatusCode::NOT_FOUND, &path).await["error"], "not_found", "{path}");
    }
    let other = test.json(StatusCode::NOT_FOUND, &format!("/v1/workers?market={nobody}")).await;
    assert_eq!(other["error"], "no_market");
    let url = format!("http://{}/v1/workers", test.server.address());
    let posted = Client::new().request(Method::POST, url).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(posted.json::<serde_json::Value>().await.unwrap()["error"], "no_method");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_has_read_nothing_says_so() {
    let test = TestServer::start(0).await;
    let body = test.json(StatusCode::SERVICE_UNAVAILABLE, "/v1/workers").await;
    assert_eq!(body["error"], "not_indexed");
    let markets = test.json(StatusCode::OK, "/v1/markets").await;
    assert_eq!(markets[0]["head"], serde_json::Value::Null);
}
