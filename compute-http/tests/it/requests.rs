//! What a component can do for a request.

use super::{Bench, read};
use http_body_util::BodyExt;
use hyper::StatusCode;
use muster_compute::Variable;
use muster_compute_http::{LogStream, Status};

#[tokio::test]
async fn component_answers() {
    let bench = Bench::new().await;
    assert_eq!(bench.body("/").await, b"hello");
    assert_eq!(bench.service.status(), Status::Running);
}

#[tokio::test]
async fn each_request_has_an_instance_of_its_own() {
    let bench = Bench::new().await;
    for _ in 0..3 {
        assert_eq!(bench.body("/count").await, b"1");
    }
}

#[tokio::test]
async fn body_is_streamed_through() {
    let bench = Bench::new().await;
    let body: Vec<u8> =
        (0..1_000_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    let (status, echo) = read(bench.request("/body", body.clone()).await).await;
    assert_eq!(status, StatusCode::OK);
    assert!(echo == body);
}

#[tokio::test]
async fn environment_is_what_the_client_says_and_nothing_else() {
    let variable = Variable { name: "NAME".into(), value: "the client's".into() };
    let bench = Bench::with(|document| document.environment = vec![variable]).await;
    assert_eq!(bench.body("/env").await, b"the client's");
}

#[tokio::test]
async fn randomness_differs_from_request_to_request() {
    let bench = Bench::new().await;
    assert_ne!(bench.body("/random").await, bench.body("/random").await);
}

#[tokio::test]
async fn outgoing_requests_are_denied() {
    let bench = Bench::new().await;
    // The place of `HTTP-request-denied` among the errors.
    assert_eq!(bench.body("/outgoing").await, [15]);
}

#[tokio::test]
async fn output_is_logged_by_lines() {
    let bench = Bench::new().await;
    assert_eq!(bench.body("/log").await, b"hello");
    bench.logged(LogStream::Stdout, "second").await;
    let lines = bench.service.log(0);
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["first", "second"]);
    assert_eq!(bench.service.log(lines[1].number), lines[1..]);
}

#[tokio::test]
async fn trap_is_told_and_logged_and_ends_one_request() {
    let bench = Bench::new().await;
    let (status, body) = bench.get("/trap").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(String::from_utf8_lossy(&body).contains(r#""error":"trap""#));
    bench.logged(LogStream::Host, "unreachable").await;
    assert_eq!(bench.body("/").await, b"hello");
}

#[tokio::test]
async fn trap_before_anything_was_sent_is_told() {
    let bench = Bench::new().await;
    let (status, body) = bench.get("/x").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(String::from_utf8_lossy(&body).contains(r#""error":"trap""#));
}

#[tokio::test]
async fn component_that_gives_no_response_is_told() {
    let bench = Bench::new().await;
    let (status, body) = bench.get("/quiet").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(String::from_utf8_lossy(&body).contains(r#""error":"no_response""#));
}

#[tokio::test]
async fn response_that_breaks_off_does_not_look_complete() {
    let bench = Bench::new().await;
    let response = bench.request("/half", Vec::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.into_body().collect().await.is_err());
    assert_eq!(bench.body("/").await, b"hello");
}
