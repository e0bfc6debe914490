//! A door on this machine to an agreement's service: what comes in goes to a worker with token and session,
//! and to the next worker if that one fails.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::TryStreamExt;
use hyper::body::Body as _;
use hyper::upgrade::{self, OnUpgrade};
use hyper_util::rt::TokioIo;
use muster_gateway::{is_websocket_upgrade, strip_headers};
use reqwest::Client;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Duration;

use super::ways::{Passed, Way, Ways};
use crate::error::AgentError;

/// How long a worker may be silent before it answers: gateways give up earlier.
const PATIENCE: Duration = Duration::from_secs(90);

/// Bodies up to so many bytes are held, so that they can be sent to another worker.
const HELD: u64 = 1 << 20;

/// The protocol that a connection may change to.
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A door that is open until this is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// What lets in.
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What requests are passed on with.
#[derive(Clone, Debug)]
struct House {
    /// Where workers serve.
    ways: Arc<Ways>,
    /// The connections.
    http: Client,
}

/// A request's body: held, or on its way and to be used once.
enum Payload {
    /// All of it.
    Held(Bytes),
    /// What comes; nothing when it was used.
    Coming(Option<Body>),
}

impl Proxy {
    /// Opens the door.
    pub(super) async fn open(
        listen: SocketAddr,
        ways: Arc<Ways>,
        http: Client,
    ) -> Result<Self, AgentError> {
        let failed = |source| AgentError::Listen { address: listen.to_string().into(), source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let app = Router::new().fallback(enter).with_state(House { ways, http });
        // It ends with the door; accepting connections does not fail for good.
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { address, task })
    }
}

impl Payload {
    /// Takes a body; `None` if it ends before it is whole.
    async fn take(body: Body) -> Option<Self> {
        if body.size_hint().upper().is_none_or(|most| most > HELD) {
            return Some(Self::Coming(Some(body)));
        }
        let held = usize::try_from(HELD).unwrap_or(usize::MAX);
        to_bytes(body, held).await.ok().map(Self::Held)
    }

    /// The body for one more attempt, if there can be one.
    fn next(&mut self) -> Option<reqwest::Body> {
        match self {
            Self::Held(bytes) => Some(bytes.clone().into()),
            Self::Coming(body) => {
                let body = body.take()?.into_data_stream();
                Some(reqwest::Body::wrap_stream(body.map_err(Box::new)))
            }
        }
    }
}

impl House {
    /// Passes a request on to one worker.
    async fn pass(&self, request: &Parts, body: reqwest::Body, way: &Arc<Way>) -> Passed {
        let page = request.uri.path_and_query().map_or("/", |page| page.as_str());
        let passed = self.http.request(request.method.clone(), way.at(page));
        let passed = passed.headers(request.headers.clone()).body(body);
        self.ways.send(passed, way, PATIENCE).await
    }

    /// Passes a request on to one worker after the other until one serves.
    async fn serve(&self, request: &Parts, mut payload: Payload) -> Option<reqwest::Response> {
        let mut answer = None;
        for way in self.ways.all() {
            let Some(body) = payload.next() else { break };
            let maybe_seen = match self.pass(request, body, &way).await {
                Passed::Served(served) => {
                    self.ways.prefer(&way);
                    return Some(served);
                }
                Passed::TurnedAway(away) => {
                    let status = away.status();
                    answer = Some(away);
                    status.is_server_error()
                }
                Passed::Lost { maybe_seen } => maybe_seen,
            };
            tracing::warn!("worker {} has not served a request", way.index);
            if maybe_seen && !request.method.is_idempotent() {
                break;
            }
        }
        answer
    }
}

/// Takes a request in.
async fn enter(State(house): State<House>, mut request: Request) -> Response {
    let guest = is_websocket_upgrade(&request).then(|| upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    strip_headers(&mut parts.headers);
    parts.headers.remove(header::HOST);
    if guest.is_some() {
        want_websocket(&mut parts.headers);
    }
    let Some(payload) = Payload::take(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(answer) = house.serve(&parts, payload).await {
        return reply(answer, guest);
    }
    let text = json!({"error": "no_worker", "message": "no worker serves at the moment"});
    (StatusCode::SERVICE_UNAVAILABLE, Json(text)).into_response()
}

/// A worker's answer as the guest gets it.
fn reply(answer: reqwest::Response, guest: Option<OnUpgrade>) -> Response {
    let status = answer.status();
    let mut headers = answer.headers().clone();
    strip_headers(&mut headers);
    let body = match guest {
        Some(guest) if status == StatusCode::SWITCHING_PROTOCOLS => {
            want_websocket(&mut headers);
            tokio::spawn(tunnel(guest, answer));
            Body::empty()
        }
        _ => Body::from_stream(answer.bytes_stream()),
    };
    (status, headers, body).into_response()
}

/// Passes the bytes of a WebSocket both ways until either side hangs up.
async fn tunnel(guest: OnUpgrade, answer: reqwest::Response) {
    let (Ok(guest), Ok(mut worker)) = (guest.await, answer.upgrade().await) else { return };
    drop(copy_bidirectional(&mut TokioIo::new(guest), &mut worker).await);
}

/// Asks for a WebSocket, or agrees to it.
fn want_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}
