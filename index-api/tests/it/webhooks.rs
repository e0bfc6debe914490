//! Webhooks: what is sent, by whom, and how often.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use muster_index_api::{WebhookConfig, WebhookSender};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::generator;
use crate::server::TestServer;

const SECRET: &str = "a secret of this test";

/// What a receiver got, and how many requests it refuses before it takes one.
#[derive(Debug, Default)]
struct Received {
    refuses: usize,
    requests: Vec<(HeaderMap, String)>,
}

type Shared = Arc<Mutex<Received>>;

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: String) -> StatusCode {
    let mut received = shared.lock().unwrap();
    received.requests.push((headers, body));
    if received.refuses == 0 {
        return StatusCode::NO_CONTENT;
    }
    received.refuses -= 1;
    StatusCode::INTERNAL_SERVER_ERROR
}

/// A receiver that first refuses so many requests, and its URL.
async fn receiver(refuses: usize) -> (Shared, String) {
    let shared = Shared::new(Mutex::new(Received { refuses, requests: Vec::new() }));
    let router = Router::new().route("/notices", post(receive)).with_state(Arc::clone(&shared));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/notices", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (shared, url)
}

/// A sender of notices about credits.
fn sender(test: &TestServer, url: &str) -> WebhookSender {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("webhooks.toml");
    let account = generator::client(0);
    let entry = format!(
        "[[webhook]]\nurl = \"{url}\"\nevents = [\"credit_waits\"]\naccounts = [\"{account}\"]\n"
    );
    std::fs::write(&path, format!("secret = \"{SECRET}\"\n{entry}")).unwrap();
    WebhookSender::new(test.index.clone(), WebhookConfig::read(&path).unwrap()).unwrap()
}

/// Asserts that whoever knows the secret wrote a request.
fn assert_signed(headers: &HeaderMap, body: &str) {
    let text = headers["muster-signature"].to_str().unwrap();
    let (second, hex) = text.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{second}.{body}").as_bytes());
    mac.verify_slice(&alloy::hex::decode(hex).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_sent_until_it_is_taken_also_by_the_next_process() {
    let mut test = TestServer::start(300).await;
    let (shared, url) = receiver(2).await;
    let markets = vec![test.id];
    sender(&test, &url).step(markets.clone()).await.unwrap();
    assert!(shared.lock().unwrap().requests.is_empty(), "nothing of the past");
    test.advance(300);
    sender(&test, &url).step(markets.clone()).await.unwrap();
    assert_eq!(shared.lock().unwrap().requests.len(), 1);
    // Another sender goes on: what was not taken is in the database.
    let next = sender(&test, &url);
    while shared.lock().unwrap().requests.len() < 3 {
        next.step(markets.clone()).await.unwrap();
        sleep(Duration::from_millis(50)).await;
    }
    test.advance(100);
    next.step(markets).await.unwrap();
    let received = shared.lock().unwrap();
    assert_eq!(received.requests.len(), 3, "it was taken");
    for (headers, body) in &received.requests {
        assert_signed(headers, body);
        let json: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&json["event"], &json["id"]),
            (&"credit_waits".into(), &headers["muster-delivery"].to_str().unwrap().into())
        );
        assert_eq!(*body, received.requests[0].1, "the same each time");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_away_stops_nothing() {
    let mut test = TestServer::start(300).await;
    let sender = sender(&test, "http://127.0.0.1:1/notices");
    sender.step(vec![test.id]).await.unwrap();
    test.advance(300);
    sender.step(vec![test.id]).await.unwrap();
    sender.step(vec![test.id]).await.unwrap();
}
