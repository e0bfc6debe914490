//! Limits of the node, and fairness between clients.

use std::time::{Duration, Instant};

use alloy::{
    primitives::U256,
    providers::{Provider, ProviderBuilder, WsConnect},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    hostile::{assert_healthy, make_ink_cheap, rpc_error, with_program},
    support::Chain,
};

#[tokio::test]
async fn bodies_that_are_too_large_or_too_deep_are_rejected() {
    let chain = Chain::start().await;
    let (status, _) = chain.post(vec![b' '; 6 << 20]).await;
    assert_eq!(status, 413);
    for depth in [200, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{deep}}}"#);
        let (_, response) = chain.post(body).await;
        let response: Value = serde_json::from_str(&response).unwrap();
        assert_eq!(response["error"]["code"], -32602, "{response}");
        let (_, response) = chain.post(deep).await;
        let response: Value = serde_json::from_str(&response).unwrap();
        assert!(response.to_string().contains("error"), "{response}");
    }
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn batches_that_are_too_long_are_rejected() {
    let chain = Chain::start().await;
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#;
    let batch = |length| format!("[{}]", vec![one; length].join(","));
    let (_, response) = chain.post(batch(1000)).await;
    let responses: Vec<Value> = serde_json::from_str(&response).unwrap();
    assert_eq!(responses.len(), 1000);
    let (_, response) = chain.post(batch(1001)).await;
    let response: Value = serde_json::from_str(&response).unwrap();
    assert_eq!(response["error"], json!({"code": -32600, "message": "batch too large"}));
}

#[tokio::test]
async fn filters_are_limited() {
    let chain = Chain::start().await;
    let one = r#"{"jsonrpc":"2.0","id":1,"method":"eth_newBlockFilter"}"#;
    let (_, response) = chain.post(format!("[{}]", vec![one; 1000].join(","))).await;
    let responses: Vec<Value> = serde_json::from_str(&response).unwrap();
    assert!(responses.iter().all(|response| response.get("error").is_none()));
    for _ in 0..24 {
        chain.rpc("eth_newBlockFilter", json!([])).await;
    }
    let error = rpc_error(&chain, "eth_newBlockFilter", json!([])).await;
    assert_eq!(error["message"], "too many filters: at most 1024");
}

/// Opens a connection.
async fn connect(chain: &Chain) -> TcpStream {
    TcpStream::connect(chain.node.url().trim_start_matches("http://")).await.unwrap()
}

/// A keep-alive HTTP request.
fn request(body: &str) -> Vec<u8> {
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A `net_version` request.
const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"net_version"}"#;

/// The start of a response.
async fn response(connection: &mut TcpStream) -> String {
    let mut bytes = vec![0; 1024];
    let length = connection.read(&mut bytes).await.unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn a_thousand_connections_are_answered() {
    let chain = Chain::start().await;
    let mut connections = Vec::new();
    for _ in 0..1000 {
        connections.push(connect(&chain).await);
    }
    for connection in &mut connections {
        connection.write_all(&request(BODY)).await.unwrap();
    }
    for connection in &mut connections {
        assert!(response(connection).await.ends_with(r#""result":"412346"}"#));
    }
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn stalled_connections_do_not_block_others() {
    let chain = Chain::start().await;
    let mut stuck = Vec::new();
    let whole = request(BODY);
    for length in 0..whole.len() {
        let mut connection = connect(&chain).await;
        connection.write_all(&whole[..length]).await.unwrap();
        if length % 2 == 0 {
            connection.shutdown().await.unwrap();
        }
        stuck.push(connection);
    }
    assert_healthy(&chain).await;
    // A client that closes its sending half after the request still gets its response.
    let mut polite = connect(&chain).await;
    polite.write_all(&request(BODY)).await.unwrap();
    assert!(response(&mut polite).await.starts_with("HTTP/1.1 200"));
    polite.shutdown().await.unwrap();
    assert_eq!(response(&mut polite).await, "");
    drop(stuck);
    assert_healthy(&chain).await;
}

#[tokio::test]
async fn requests_of_disconnected_clients_are_skipped() {
    let (chain, program) = with_program(
        r#"(module (memory (export "memory") 1 1)
            (func (export "user_entrypoint") (param i32) (result i32)
                (loop $forever (br $forever))
                (i32.const 0)))"#,
    )
    .await;
    make_ink_cheap(&chain).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"to": program}, "latest"]});
    let endless = request(&body.to_string());
    for _ in 0..50 {
        let mut connection = connect(&chain).await;
        connection.write_all(&endless).await.unwrap();
    }
    let begin = Instant::now();
    assert_healthy(&chain).await;
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn subscriptions_per_connection_are_limited() {
    let chain = Chain::start().await;
    let socket = ProviderBuilder::new().connect_ws(WsConnect::new(chain.node.ws_url()));
    let socket = socket.await.unwrap();
    let mut kept = Vec::new();
    for _ in 0..64 {
        let request = socket.raw_request::<_, U256>("eth_subscribe".into(), ["newHeads"]);
        kept.push(request.await.unwrap());
    }
    let one_more = socket.raw_request::<_, U256>("eth_subscribe".into(), ["newHeads"]).await;
    assert!(one_more.unwrap_err().as_error_resp().is_some());
    assert_healthy(&chain).await;
}
