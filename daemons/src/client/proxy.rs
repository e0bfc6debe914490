//! A proxy on this machine for a service. Its forwarder sends each request to a worker, and to the next worker if that one
//! fails.

use std::fmt::Debug;
use std::future::{Future, ready};
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use futures::TryStreamExt;
use hyper::body::Body as _;
use hyper::upgrade::{self, OnUpgrade};
use hyper_util::rt::TokioIo;
use muster_gateway::{is_websocket_upgrade, strip_headers};
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::error::DaemonError;

/// The largest body in bytes that is buffered, so that it can be sent to another worker too.
const MAX_BUFFERED_BODY: u64 = 1 << 20;

/// The only protocol that a connection can be upgraded to.
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A proxy that listens until this is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    /// The address that it listens on.
    address: SocketAddr,
    /// Accepts connections.
    _task: AbortOnDropHandle<()>,
}

/// Sends requests to workers.
pub(super) trait Forwarder: Debug + Send + Sync + 'static {
    /// Forwards a request to one worker after the other until one serves it. A request that a worker may have received is
    /// sent to another only if its method is idempotent. Returns the last response, if there is any.
    fn forward(
        &self,
        request: &Parts,
        body: RequestBody,
    ) -> impl Future<Output = Option<reqwest::Response>> + Send;

    /// Why no worker serves, and what to do.
    fn absence(&self) -> impl Future<Output = String> + Send {
        ready("no worker serves at the moment: try again later".to_owned())
    }
}

/// The body of a request: buffered, or streamed and usable once.
pub(super) enum RequestBody {
    /// The whole body.
    Buffered(Bytes),
    /// The rest of the body; `None` once it was used.
    Streaming(Option<Body>),
}

impl Proxy {
    /// Starts a proxy.
    ///
    /// # Errors
    /// [`DaemonError::Listen`].
    pub(super) async fn open<F: Forwarder>(
        listen: SocketAddr,
        forwarder: Arc<F>,
    ) -> Result<Self, DaemonError> {
        let failed = |source| DaemonError::Listen { address: listen.to_string().into(), source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let app = Router::new().fallback(handle_request::<F>).with_state(forwarder);
        // axum retries when it cannot accept a connection, so this ends only with the proxy.
        let task = tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(Self { address, _task: AbortOnDropHandle::new(task) })
    }

    /// The address that it listens on.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl RequestBody {
    /// Buffers a short body; `None` if it ends early.
    async fn read(body: Body) -> Option<Self> {
        if body.size_hint().upper().is_none_or(|longest| longest > MAX_BUFFERED_BODY) {
            return Some(Self::Streaming(Some(body)));
        }
        let limit = usize::try_from(MAX_BUFFERED_BODY).unwrap_or(usize::MAX);
        to_bytes(body, limit).await.ok().map(Self::Buffered)
    }

    /// Whether there is nothing to send.
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Buffered(bytes) if bytes.is_empty())
    }

    /// The body for one more attempt; `None` if a stream was used before.
    pub(super) fn next_attempt(&mut self) -> Option<reqwest::Body> {
        match self {
            Self::Buffered(bytes) => Some(bytes.clone().into()),
            Self::Streaming(body) => {
                let body = body.take()?.into_data_stream();
                Some(reqwest::Body::wrap_stream(body.map_err(Box::new)))
            }
        }
    }
}

/// Answers a request to the proxy.
async fn handle_request<F: Forwarder>(
    State(forwarder): State<Arc<F>>,
    mut request: Request,
) -> Response {
    let client_upgrade = is_websocket_upgrade(&request).then(|| upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    strip_headers(&mut parts.headers);
    parts.headers.remove(header::HOST);
    remove_fingerprint(&mut parts.headers);
    if client_upgrade.is_some() {
        set_upgrade_headers(&mut parts.headers);
    }
    let Some(request_body) = RequestBody::read(body).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(response) = forwarder.forward(&parts, request_body).await {
        return client_response(response, client_upgrade);
    }
    let text = json!({"error": "no_worker", "message": forwarder.absence().await});
    (StatusCode::SERVICE_UNAVAILABLE, Json(text)).into_response()
}

/// A worker's response as the caller gets it.
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

/// Copies the bytes of a WebSocket both ways until either side closes it.
async fn tunnel(client_upgrade: OnUpgrade, response: reqwest::Response) {
    let (Ok(client_upgrade), Ok(mut worker)) = (client_upgrade.await, response.upgrade().await)
    else {
        return;
    };
    drop(copy_bidirectional(&mut TokioIo::new(client_upgrade), &mut worker).await);
}

/// Removes headers that tell which program made a request, and that no probe has.
fn remove_fingerprint(headers: &mut HeaderMap) {
    const NAMES: [HeaderName; 10] = [
        header::USER_AGENT,
        header::ACCEPT_LANGUAGE,
        header::ACCEPT_ENCODING,
        header::CACHE_CONTROL,
        header::PRAGMA,
        header::REFERER,
        header::DNT,
        header::UPGRADE_INSECURE_REQUESTS,
        HeaderName::from_static("priority"),
        HeaderName::from_static("sec-gpc"),
    ];
    for name in NAMES {
        headers.remove(name);
    }
    let is_any = |value: &HeaderValue| value == "*/*";
    if headers.get(header::ACCEPT).is_some_and(is_any) {
        headers.remove(header::ACCEPT);
    }
    let starts =
        |name: &HeaderName| ["sec-fetch-", "sec-ch-"].map(|s| name.as_str().starts_with(s));
    let browser: Vec<_> =
        headers.keys().filter(|name| starts(name).contains(&true)).cloned().collect();
    for name in browser {
        headers.remove(name);
    }
}

/// Sets the headers that request or accept a WebSocket.
fn set_upgrade_headers(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}
