//! The proxy in front of a node that knows its block number alone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test panics at the first unexpected result"
)]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use muster_node_proxy::{Behavior, NodeProxy, TcpProxy, Words};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, timeout};

/// The URL of a node at block 9 that answers everything else with the parameters of the request.
async fn node() -> String {
    let respond = async |body: String| {
        let asked: Value = serde_json::from_str(&body).unwrap();
        let answer = if asked["method"] == "eth_blockNumber" {
            json!("0x9")
        } else {
            asked["params"].clone()
        };
        json!({"id": asked["id"], "result": answer}).to_string()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(post(respond));
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    url
}

/// The response to a request.
async fn ask(url: &str, method: &str, params: Value) -> Response {
    let asked = json!({"id": 7, "method": method, "params": params});
    reqwest::Client::new().post(url).body(asked.to_string()).send().await.unwrap()
}

/// The JSON of a response to a request.
async fn answer(url: &str, method: &str, params: Value) -> Value {
    serde_json::from_str(&ask(url, method, params).await.text().await.unwrap()).unwrap()
}

#[tokio::test]
async fn each_behavior_answers_as_it_says() {
    let proxy = NodeProxy::start(&node().await).await.unwrap();
    let call =
        async || answer(&proxy.url, "eth_call", json!([{}, "latest"])).await["result"].take();
    assert_eq!(call().await, json!([{}, "latest"]));
    proxy.change_behavior(Behavior::Behind(2));
    assert_eq!(call().await, json!([{}, "0x7"]));
    proxy.change_behavior(Behavior::Flapping(3));
    let latest = [call().await, call().await, call().await].map(|answer| answer[1].clone());
    assert_eq!(latest, ["latest", "0x6", "latest"]);
    proxy.change_behavior(Behavior::LogRange(2));
    let logs = async |to: &str| {
        answer(&proxy.url, "eth_getLogs", json!([{"fromBlock": "0x1", "toBlock": to}])).await
    };
    assert!(logs("0x2").await["error"].is_null());
    assert_eq!(logs("0x3").await["error"]["code"], -32_600);
    proxy.change_behavior(Behavior::Refuses(&["eth_estimateGas"], -32_601, "no such method"));
    assert_eq!(answer(&proxy.url, "eth_estimateGas", json!([])).await["error"]["code"], -32_601);
    proxy.change_behavior(Behavior::Answers("eth_sendRawTransaction", -32_000, "already known"));
    let sent = answer(&proxy.url, "eth_sendRawTransaction", json!([])).await;
    assert_eq!(sent["error"]["message"], "already known");
    let counts = proxy.take_counts();
    assert_eq!((counts["eth_call"], counts["eth_getLogs"]), (5, 2));
    assert!(proxy.take_counts().is_empty());
}

#[tokio::test]
async fn requests_beyond_the_rate_are_refused_in_the_words_of_a_provider() {
    let proxy = NodeProxy::start(&node().await).await.unwrap();
    for words in [Words::Status, Words::Header(3), Words::Data, Words::Code, Words::Text] {
        proxy.change_behavior(Behavior::PerSecond(0, words));
        let response = ask(&proxy.url, "eth_call", json!([])).await;
        let (status, retry_after) =
            (response.status(), response.headers().get("retry-after").cloned());
        let is_status = matches!(words, Words::Status | Words::Header(_));
        let expected = if is_status { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        assert_eq!(status, expected, "{words:?}");
        assert_eq!(retry_after.is_some(), words == Words::Header(3));
    }
    proxy.change_behavior(Behavior::PerSecond(1_000, Words::Status));
    assert_eq!(ask(&proxy.url, "eth_call", json!([])).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_forwards_and_counts() {
    let node = node().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_node-proxy"));
    command.args(["--to", &node, "--log-range", "500"]).stdout(Stdio::piped());
    let mut program = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = serde_json::from_str::<Value>(&line).unwrap()["url"].as_str().unwrap().to_owned();
    assert_eq!(answer(&url, "eth_blockNumber", json!([])).await["result"], "0x9");
    let counts = reqwest::get(&url).await.unwrap().text().await.unwrap();
    assert_eq!(counts, r#"{"eth_blockNumber":1}"#);
    program.kill().unwrap();
    program.wait().unwrap();
}

#[tokio::test]
async fn a_silenced_connection_stays_open_and_says_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = listener.local_addr().unwrap().to_string();
    let echo = async |mut stream: TcpStream| {
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            stream.write_all(&byte).await.unwrap();
        }
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    let proxy = TcpProxy::start(&to).await.unwrap();
    let mut first = TcpStream::connect(&proxy.address).await.unwrap();
    let mut byte = [0];
    first.write_all(&[5]).await.unwrap();
    first.read_exact(&mut byte).await.unwrap();
    proxy.silence();
    first.write_all(&[6]).await.unwrap();
    assert!(timeout(Duration::from_millis(200), first.read_exact(&mut byte)).await.is_err());
    let mut second = TcpStream::connect(&proxy.address).await.unwrap();
    second.write_all(&[7]).await.unwrap();
    second.read_exact(&mut byte).await.unwrap();
    proxy.until_connected_anew().await;
    assert_eq!(byte, [7]);
}
