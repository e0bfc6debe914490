//! Requests that go on to the node.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// The response of a node to a body.
pub(crate) async fn forward(client: &reqwest::Client, url: &str, body: String) -> Response {
    let request = client.post(url).header(header::CONTENT_TYPE.as_str(), "application/json");
    // A node that has ended meanwhile does not answer either.
    match request.body(body).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default().into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// The number of a node's latest block; 0 if it does not answer.
pub(crate) async fn latest_block(client: &reqwest::Client, url: &str) -> u64 {
    let asked = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}"#;
    let request = client.post(url).header(header::CONTENT_TYPE.as_str(), "application/json");
    let answer = async { request.body(asked).send().await?.text().await };
    let answer = answer.await.unwrap_or_default();
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    answer.get("result").and_then(quantity).unwrap_or_default()
}

/// A body in which this block is the latest one, and the pending one.
pub(crate) fn as_of(body: &str, block: u64) -> String {
    let block = format!("\"{block:#x}\"");
    body.replace("\"latest\"", &block).replace("\"pending\"", &block)
}

/// How many blocks' logs a request asks for; `None` if it asks for something else.
pub(crate) fn log_range(asked: &Value) -> Option<u64> {
    let filter = asked.get("params")?.get(0).filter(|_| method(asked) == "eth_getLogs")?;
    let block = |name: &str| filter.get(name).and_then(quantity);
    Some(block("toBlock")?.saturating_add(1).saturating_sub(block("fromBlock")?))
}

/// The method of a request.
pub(crate) fn method(asked: &Value) -> &str {
    asked.get("method").and_then(Value::as_str).unwrap_or_default()
}

/// A hexadecimal number of JSON-RPC.
fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}
