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

use super::endpoint_pool::{EndpointPool, ForwardOutcome, WorkerEndpoint};
use crate::error::DaemonError;

/// How long a worker may be silent before it answers: gateways give up earlier.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);

/// Bodies up to so many bytes are held, so that they can be sent to another worker.
const MAX_BUFFERED_BODY: u64 = 1 << 20;

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
struct ProxyState {
    /// Where workers serve.
    endpoints: Arc<EndpointPool>,
    /// The connections.
    http: Client,
}

/// A request's body: held, or on its way and to be used once.
enum RequestBody {
    /// All of it.
    Buffered(Bytes),
    /// What comes; nothing when it was used.
    Streaming(Option<Body>),
}

impl Proxy {
    /// Opens the door.
    pub(super) async fn open(
        listen: SocketAddr,
        endpoints: Arc<EndpointPool>,
        http: Client,
    ) -> Result<Self, DaemonError> {
        let failed = |source| DaemonError::Listen { address: listen.to_string().into(), source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let app = Router::new().fallback(handle_request).with_state(ProxyState { endpoints, http });
        // It ends with the door; accepting connections does not fail for good.
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { address, task })
    }
}

impl RequestBody {
    /// Takes a body; `None` if it ends before it is whole.
    async fn read(body: Body) -> Option<Self> {
        if body.size_hint().upper().is_none_or(|most| most > MAX_BUFFERED_BODY) {
            return Some(Self::Streaming(Some(body)));
        }
        let held = usize::try_from(MAX_BUFFERED_BODY).unwrap_or(usize::MAX);
        to_bytes(body, held).await.ok().map(Self::Buffered)
    }

    /// The body for one more attempt, if there can be one.
    fn next_attempt(&mut self) -> Option<reqwest::Body> {
        match self {
            Self::Buffered(bytes) => Some(bytes.clone().into()),
            Self::Streaming(body) => {
                let body = body.take()?.into_data_stream();
                Some(reqwest::Body::wrap_stream(body.map_err(Box::new)))
            }
        }
    }
}

impl ProxyState {
    /// Passes a request on to one worker.
    async fn forward_to(
        &self,
        request: &Parts,
        body: reqwest::Body,
        endpoint: &Arc<WorkerEndpoint>,
    ) -> ForwardOutcome {
        let page = request.uri.path_and_query().map_or("/", |page| page.as_str());
        let outgoing = self.http.request(request.method.clone(), endpoint.url_for(page));
        let outgoing = outgoing.headers(request.headers.clone()).body(body);
        self.endpoints.send(outgoing, endpoint, RESPONSE_TIMEOUT).await
    }

    /// Passes a request on to one worker after the other until one serves.
    async fn forward(
        &self,
        request: &Parts,
        mut body_source: RequestBody,
    ) -> Option<reqwest::Response> {
        let mut response = None;
        for endpoint in self.endpoints.by_preference() {
            let Some(body) = body_source.next_attempt() else { break };
            let maybe_delivered = match self.forward_to(request, body, &endpoint).await {
                ForwardOutcome::Served(served) => {
                    self.endpoints.prefer(&endpoint);
                    return Some(served);
                }
                ForwardOutcome::Rejected(rejected) => {
                    let status = rejected.status();
                    response = Some(rejected);
                    status.is_server_error()
                }
                ForwardOutcome::NoResponse { maybe_delivered } => maybe_delivered,
            };
            tracing::warn!("worker {} has not served a request", endpoint.index);
            if maybe_delivered && !request.method.is_idempotent() {
                break;
            }
        }
        response
    }
}

/// Takes a request in.
async fn handle_request(State(state): State<ProxyState>, mut request: Request) -> Response {
    let client_upgrade = is_websocket_upgrade(&request).then(|| upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    strip_headers(&mut parts.headers);
    parts.headers.remove(header::HOST);
    if client_upgrade.is_some() {
        set_upgrade_headers(&mut parts.headers);
    }
    let Some(request_body) = RequestBody::read(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(response) = state.forward(&parts, request_body).await {
        return client_response(response, client_upgrade);
    }
    let text = json!({"error": "no_worker", "message": "no worker serves at the moment"});
    (StatusCode::SERVICE_UNAVAILABLE, Json(text)).into_response()
}

/// A worker's answer as the guest gets it.
fn client_response(response: reqwest::Response, client_upgrade: Option<OnUpgrade>) -> Response {
    let status = response.status();
    let mut headers = response.headers().clone();
    strip_headers(&mut headers);
    let body = match client_upgrade {
        Some(client_upgrade) if status == StatusCode::SWITCHING_PROTOCOLS => {
            set_upgrade_headers(&mut headers);
            tokio::spawn(tunnel(client_upgrade, response));
            Body::empty()
        }
        _ => Body::from_stream(response.bytes_stream()),
    };
    (status, headers, body).into_response()
}

/// Passes the bytes of a WebSocket both ways until either side hangs up.
async fn tunnel(client_upgrade: OnUpgrade, response: reqwest::Response) {
    let (Ok(client_upgrade), Ok(mut worker)) = (client_upgrade.await, response.upgrade().await)
    else {
        return;
    };
    drop(copy_bidirectional(&mut TokioIo::new(client_upgrade), &mut worker).await);
}

/// Asks for a WebSocket, or agrees to it.
fn set_upgrade_headers(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}
