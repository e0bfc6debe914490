//! A node that forwards requests to another one, with or without faults.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::harness::until;

/// How a node answers.
#[derive(Clone, Debug)]
pub(super) enum NodeBehavior {
    /// As the node behind it.
    Healthy,
    /// As the node behind it, after this delay.
    Slow(Duration),
    /// With a page instead of JSON.
    NotJson,
    /// With an error of HTTP.
    HttpError(StatusCode),
    /// With an error of JSON-RPC.
    RpcError(i64),
    /// As a node of another chain, which is at this URL.
    OtherChain(String),
    /// As if this block stayed the latest.
    Stuck(u64),
    /// With logs of so many blocks at most.
    LogRange(u64),
    /// As the node behind it, to so many requests in any second.
    PerSecond(usize),
}

/// The behavior, and the number of requests since it was set.
type Shared = Arc<Mutex<(NodeBehavior, usize)>>;

/// When requests of the last second were answered.
static ANSWERED: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// See the module.
pub(super) struct FaultyNode {
    /// Its URL.
    pub(super) url: String,
    /// See [`Shared`].
    shared: Shared,
    /// The server.
    task: JoinHandle<()>,
}

impl FaultyNode {
    /// A healthy node in front of the one at this URL.
    pub(super) async fn start(url: &str) -> Self {
        Self::start_with(url, NodeBehavior::Healthy).await
    }

    /// A node of this behavior in front of the one at this URL.
    pub(super) async fn start_with(url: &str, behavior: NodeBehavior) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared::new(Mutex::new((behavior, 0)));
        let app = Router::new().fallback(respond).with_state((shared.clone(), url.to_owned()));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url: format!("http://{address}"), shared, task }
    }

    /// Changes the behavior, and waits for the first request under it.
    pub(super) async fn set_behavior(&self, behavior: NodeBehavior) {
        *self.shared.lock().unwrap() = (behavior, 0);
        self.until_requested(1).await;
    }

    /// Returns after so many requests under the current behavior.
    pub(super) async fn until_requested(&self, times: usize) {
        until(async || self.shared.lock().unwrap().1 >= times).await;
    }
}

impl Drop for FaultyNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers a request.
async fn respond(State((shared, url)): State<(Shared, String)>, body: String) -> Response {
    let behavior = {
        let mut shared = shared.lock().unwrap();
        shared.1 += 1;
        shared.0.clone()
    };
    let asked: Value = serde_json::from_str(&body).unwrap();
    let reply = |field: &str, what: Value| {
        json!({"jsonrpc": "2.0", "id": asked["id"], field: what}).to_string().into_response()
    };
    match behavior {
        NodeBehavior::Slow(pause) => {
            sleep(pause).await;
            forward(&url, body).await
        }
        NodeBehavior::NotJson => "It works!".into_response(),
        NodeBehavior::HttpError(status) => status.into_response(),
        NodeBehavior::RpcError(code) => reply("error", json!({"code": code, "message": "not now"})),
        NodeBehavior::OtherChain(_) if asked["method"] == "eth_chainId" => {
            reply("result", "0x1".into())
        }
        NodeBehavior::OtherChain(other) => forward(&other, body).await,
        NodeBehavior::LogRange(most) if log_range(&asked).is_some_and(|blocks| blocks > most) => {
            let message = format!("eth_getLogs is limited to a {most} block range");
            reply("error", json!({"code": -32_600, "message": message}))
        }
        NodeBehavior::PerSecond(most) if !has_room(most) => {
            (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response()
        }
        NodeBehavior::Healthy | NodeBehavior::LogRange(_) | NodeBehavior::PerSecond(_) => {
            forward(&url, body).await
        }
        NodeBehavior::Stuck(_) if asked["method"] == "eth_getTransactionReceipt" => {
            reply("result", Value::Null)
        }
        NodeBehavior::Stuck(block) => {
            let block = format!("\"{block:#x}\"");
            let body = body.replace("\"latest\"", &block).replace("\"pending\"", &block);
            forward(&url, body).await
        }
    }
}

/// Whether one more request may be answered now.
fn has_room(most: usize) -> bool {
    let mut answered = ANSWERED.lock().unwrap();
    answered.retain(|answered| answered.elapsed() < Duration::from_secs(1));
    let has_room = answered.len() < most;
    if has_room {
        answered.push(Instant::now());
    }
    has_room
}

/// How many blocks' logs a request asks for; `None` if it asks for something else.
fn log_range(asked: &Value) -> Option<u64> {
    let filter = asked["params"].get(0).filter(|_| asked["method"] == "eth_getLogs")?;
    let block =
        |name: &str| u64::from_str_radix(filter[name].as_str()?.trim_start_matches("0x"), 16).ok();
    Some(block("toBlock")? + 1 - block("fromBlock")?)
}

/// The response of another node.
async fn forward(url: &str, body: String) -> Response {
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    // A node that has ended meanwhile does not answer either.
    match request.body(body).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default().into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}
