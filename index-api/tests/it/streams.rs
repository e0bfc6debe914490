//! Events as they come.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::sleep;

use crate::generator::client;
use crate::server::TestServer;

/// A message.
#[derive(Clone, Debug, Default, PartialEq)]
struct Message {
    name: String,
    id: String,
    data: Value,
}

/// The messages of a stream.
struct Messages {
    response: Response,
    text: String,
}

impl Messages {
    /// Reads from here on.
    async fn open(test: &TestServer, query: &str, last: Option<&str>) -> Self {
        let mut request =
            test.request(&format!("/v1/events{query}")).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next message; `None` at the end. Comments are left out.
    async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut message = Message::default();
                for line in block.lines() {
                    let (field, value) = line.split_once(':').unwrap();
                    let value = value.trim_start();
                    match field {
                        "event" => value.clone_into(&mut message.name),
                        "id" => value.clone_into(&mut message.id),
                        "data" => message.data = serde_json::from_str(value).unwrap(),
                        _ => {}
                    }
                }
                let rest = rest.to_owned();
                self.text = rest;
                if message != Message::default() {
                    return Some(message);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The messages up to the next `head`.
    async fn until_head(&mut self) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let message = self.next().await.unwrap();
            if message.name == "head" {
                return all;
            }
            all.push(message);
        }
    }
}

/// The data of all events from this block on, as `/v1/events` lists them.
async fn listed(test: &TestServer, from: u64) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = test.data(&format!("/v1/events?limit=200{after}")).await;
        all.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|event| event["block"].as_u64().unwrap() >= from)
                .cloned(),
        );
        let Some(next) = page["next"].as_str() else { return all };
        after = format!("&after={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_once_and_in_order_also_after_a_reconnect() {
    let mut test = TestServer::start(300).await;
    let mut live = Messages::open(&test, "", None).await;
    let from = test.index.head(test.id).unwrap().unwrap().number + 1;
    assert_eq!(live.until_head().await, [], "from now on");
    test.advance(250);
    let mut got = Vec::new();
    let head = test.index.head(test.id).unwrap().unwrap();
    let mut last = String::new();
    loop {
        let message = live.next().await.unwrap();
        if message.name == "head" {
            assert_eq!(message.data["hash"], head.hash.to_string());
            break;
        }
        last = message.id;
        got.push(message.data);
    }
    assert_eq!(got, listed(&test, from).await);
    assert!(got.len() > 200, "several parts");
    drop(live);

    test.advance(50);
    let mut again = Messages::open(&test, "", Some(&last)).await;
    got.extend(again.until_head().await.into_iter().map(|message| message.data));
    assert_eq!(got, listed(&test, from).await, "none is missing, none is twice");

    let subject = client(1);
    let mut some =
        Messages::open(&test, &format!("?after=0-0&subject={subject}&name=ContractBought"), None)
            .await;
    let some = some.until_head().await;
    assert!(some.len() > 3 && some.iter().all(|message| message.data["event"] == "ContractBought"));
    assert!(some.iter().all(|message| message.data["arguments"]["client"] == subject.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_hears_of_a_reorg_and_of_what_replaced_it() {
    let mut test = TestServer::start(300).await;
    let mut live = Messages::open(&test, "", None).await;
    live.until_head().await;
    test.advance(30);
    assert!(!live.until_head().await.is_empty());
    let blocks = test.index.restorable(test.id, u64::MAX, 100).unwrap();
    let fork = blocks[4];
    test.index.undo_to(test.id, fork.number).unwrap();
    let undone = live.next().await.unwrap();
    assert_eq!((undone.name.as_str(), &undone.data["after"]), ("reorg", &fork.number.into()));
    let head = live.next().await.unwrap();
    assert_eq!((head.name.as_str(), &head.data["number"]), ("head", &fork.number.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_read_is_disconnected_and_others_get_everything() {
    let test =
        TestServer::with(12_000, |options| options.write_timeout = Duration::from_millis(300))
            .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut lazy = socket.connect(test.server.address()).await.unwrap();
    lazy.write_all(
        b"GET /v1/events?after=0-0 HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n\r\n",
    )
    .await
    .unwrap();
    while test.server.readers() == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let mut other = Messages::open(&test, "?after=0-0", None).await;
    let events = other.until_head().await.len();
    assert_eq!(
        u64::try_from(events).unwrap(),
        test.json(StatusCode::OK, "/v1/markets").await[0]["events"]
    );
    drop(other);
    while test.server.readers() > 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let mut rest = Vec::new();
    drop(lazy.read_to_end(&mut rest).await);
    let got = String::from_utf8_lossy(&rest).matches("\ndata: ").count();
    assert!(got < events, "it has got {got} of {events} and is disconnected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_ends_its_streams() {
    let test = TestServer::start(100).await;
    let mut live = Messages::open(&test, "", None).await;
    live.until_head().await;
    test.server.stop().await;
    assert_eq!(live.next().await, None);
}
