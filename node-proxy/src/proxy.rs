//! The proxy for JSON-RPC over HTTP.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::behavior::{Behavior, Words};
use crate::bucket::Bucket;
use crate::forward::{as_of, forward, latest_block, log_range, method};

/// A node that forwards requests to another one, with or without faults. It ends when it is dropped.
#[derive(Debug)]
pub struct NodeProxy {
    /// Its URL.
    pub url: String,
    /// What requests see of it.
    shared: Arc<Shared>,
    /// The server.
    task: JoinHandle<()>,
}

/// What requests see of a proxy.
#[derive(Debug)]
struct Shared {
    /// The URL of the node behind it.
    node: String,
    /// Asks that node.
    client: reqwest::Client,
    /// How it answers, one after the other.
    behaviors: Mutex<Vec<Behavior>>,
    /// The tokens for requests.
    bucket: Mutex<Bucket>,
    /// The requests since the behavior was set.
    requests: watch::Sender<usize>,
    /// The requests by method, since they were read.
    counts: Mutex<BTreeMap<String, u64>>,
}

impl NodeProxy {
    /// A healthy node in front of the one at this URL.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn start(url: &str) -> io::Result<Self> {
        Self::start_with(url, Behavior::Healthy).await
    }

    /// A node of this behavior in front of the one at this URL.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn start_with(url: &str, behavior: Behavior) -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), url, vec![behavior]).await
    }

    /// A node at this address of several behaviors, of which the first that does more than pass a request on counts.
    ///
    /// # Errors
    /// That of the listener.
    pub async fn listen(
        address: SocketAddr,
        url: &str,
        behaviors: Vec<Behavior>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            node: url.to_owned(),
            client: reqwest::Client::new(),
            behaviors: Mutex::new(behaviors),
            bucket: Mutex::default(),
            requests: watch::Sender::new(0),
            counts: Mutex::default(),
        });
        let app = Router::new().route("/", get(counts).post(respond)).with_state(shared.clone());
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { url: format!("http://{address}"), shared, task })
    }

    /// Changes the behavior, and waits for the first request under it.
    pub async fn set_behavior(&self, behavior: Behavior) {
        self.change_behavior(behavior);
        self.until_requested(1).await;
    }

    /// Changes the behavior, and does not wait.
    pub fn change_behavior(&self, behavior: Behavior) {
        *lock(&self.shared.behaviors) = vec![behavior];
        self.shared.requests.send_replace(0);
    }

    /// Returns after so many requests under the current behavior.
    pub async fn until_requested(&self, times: usize) {
        // The sender is here, so the channel stays open.
        drop(self.shared.requests.subscribe().wait_for(|made| *made >= times).await);
    }

    /// The requests by method, since this was called last.
    #[must_use]
    pub fn take_counts(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *lock(&self.shared.counts))
    }

    /// Returns when the server ends, which it does only if it fails.
    pub async fn ended(&mut self) {
        drop((&mut self.task).await);
    }
}

impl Drop for NodeProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is behind a lock, which holds at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers with the counts so far.
async fn counts(State(shared): State<Arc<Shared>>) -> Json<BTreeMap<String, u64>> {
    Json(std::mem::take(&mut *lock(&shared.counts)))
}

/// Answers a request.
async fn respond(State(shared): State<Arc<Shared>>, body: String) -> Response {
    let Ok(asked) = serde_json::from_str::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    shared.count(&asked);
    let behaviors = lock(&shared.behaviors).clone();
    for behavior in behaviors {
        if let Some(response) = shared.respond_as(behavior, &asked, &body).await {
            return response;
        }
    }
    forward(&shared.client, &shared.node, body).await
}

impl Shared {
    /// Counts a request.
    fn count(&self, asked: &Value) {
        let mut counts = lock(&self.counts);
        let count = counts.entry(method(asked).to_owned()).or_default();
        *count = count.saturating_add(1);
        self.requests.send_modify(|made| *made = made.saturating_add(1));
    }

    /// The response of a behavior, unless it passes the request on.
    async fn respond_as(&self, behavior: Behavior, asked: &Value, body: &str) -> Option<Response> {
        Some(match behavior {
            Behavior::Slow(pause) => {
                sleep(pause).await;
                return None;
            }
            Behavior::NotJson => "It works!".into_response(),
            Behavior::HttpError(status) => status.into_response(),
            Behavior::RpcError(code) => error(asked, code, "not now", &Value::Null),
            Behavior::OtherChain(_) if method(asked) == "eth_chainId" => {
                reply(asked, "result", &"0x1".into())
            }
            Behavior::OtherChain(other) => forward(&self.client, &other, body.to_owned()).await,
            Behavior::Stuck(_) if method(asked) == "eth_getTransactionReceipt" => {
                reply(asked, "result", &Value::Null)
            }
            Behavior::Stuck(block) => self.forward_as_of(body, block).await,
            Behavior::Behind(blocks) => self.forward_behind(body, blocks).await,
            Behavior::Flapping(blocks) if self.requests.borrow().is_multiple_of(2) => {
                self.forward_behind(body, blocks).await
            }
            Behavior::Flapping(_) | Behavior::Healthy => return None,
            Behavior::LogRange(most) => {
                log_range(asked).filter(|blocks| *blocks > most)?;
                let message = format!("eth_getLogs is limited to a {most} block range");
                error(asked, -32_600, &message, &Value::Null)
            }
            Behavior::PerSecond(rate, words) => {
                if lock(&self.bucket).take(rate, Instant::now()) {
                    return None;
                }
                refuse(asked, words)
            }
            Behavior::Refuses(methods, code, message) => {
                if !methods.contains(&method(asked)) {
                    return None;
                }
                error(asked, code, message, &Value::Null)
            }
            Behavior::Answers(name, code, message) => {
                if method(asked) != name {
                    return None;
                }
                drop(forward(&self.client, &self.node, body.to_owned()).await);
                error(asked, code, message, &Value::Null)
            }
        })
    }

    /// The response of the node while this block was the latest.
    async fn forward_as_of(&self, body: &str, block: u64) -> Response {
        forward(&self.client, &self.node, as_of(body, block)).await
    }

    /// The response of a node that is so many blocks behind.
    async fn forward_behind(&self, body: &str, blocks: u64) -> Response {
        let latest = latest_block(&self.client, &self.node).await;
        self.forward_as_of(body, latest.saturating_sub(blocks)).await
    }
}

/// A JSON-RPC response with this member.
fn reply(asked: &Value, member: &str, what: &Value) -> Response {
    let id = asked.get("id").unwrap_or(&Value::Null);
    json!({ "jsonrpc": "2.0", "id": id, member: what }).to_string().into_response()
}

/// A JSON-RPC error.
fn error(asked: &Value, code: i64, message: &str, data: &Value) -> Response {
    reply(asked, "error", &json!({ "code": code, "message": message, "data": data }))
}

/// The refusal of a request that is too much.
fn refuse(asked: &Value, words: Words) -> Response {
    let status = StatusCode::TOO_MANY_REQUESTS;
    match words {
        Words::Status => (status, "Too Many Requests").into_response(),
        Words::Header(seconds) => {
            (status, [(header::RETRY_AFTER, seconds.to_string())], "Too Many Requests")
                .into_response()
        }
        Words::Data => {
            let rate = json!({ "rate": { "allowed_rps": 5, "backoff_seconds": 1 } });
            error(asked, -32_005, "daily request count exceeded, request rate limited", &rate)
        }
        Words::Code => error(asked, -32_029, "busy", &Value::Null),
        Words::Text => error(asked, -32_007, "5/second request limit reached", &Value::Null),
    }
}
