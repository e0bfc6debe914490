//! Requests to a worker's service. Testers and clients make them with this code, so that they look alike: HTTP/1.1, one
//! request on each connection, no headers but those of the request itself, the same timeouts, and the same repetition of a
//! request whose connection was cut.

use std::ops::Deref;
use std::sync::Arc;

use alloy::primitives::B256;
use axum::body::Bytes;
use axum::http;
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER, TOKEN_HEADER};
use muster_messaging::ProxyUrl;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Proxy, Request, RequestBuilder, Response, StatusCode};
use tokio::time::{Duration, timeout};

use crate::error::DaemonError;
use crate::proxy_bridge::ProxyBridge;

/// The timeout of a connection to a worker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection, of a WebSocket, is checked after this time.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// The timeout of a response to a probe, and to a request of the job API, for testers and clients alike.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(90);

/// How much longer a request of the client's own programs may take: gateways give up earlier.
pub(crate) const LONG_RESPONSE: Duration = Duration::from_mins(4);

/// The longest body in bytes that counts as a part of its response: a request whose connection was cut in it is repeated.
const SHORT_BODY: u64 = 64 << 10;

/// The longest body of a probe's response that is read, in bytes.
pub(crate) const MAX_BODY: usize = 8 << 20;

/// Why an endpoint does not work. After each of these, the worker is asked for it anew.
#[derive(Debug)]
pub(crate) enum RequestFailure {
    /// Nobody accepts a connection there, so the request was not delivered.
    NoConnection,
    /// There was no response in time.
    NoResponse,
    /// The connection was cut; again, if the request can be repeated.
    Cut,
    /// The worker's gateway rejects the token.
    Rejected(Response),
}

/// A client for services. Clones share the proxy.
#[derive(Clone, Debug)]
pub(crate) struct ServiceClient {
    /// The HTTP client.
    http: Client,
    /// The timeout of a response.
    response_timeout: Duration,
    /// What it connects through, if there is a proxy.
    _bridge: Option<Arc<ProxyBridge>>,
}

impl ServiceClient {
    /// A client with this timeout for each response, which connects through a proxy if there is one. A connection carries
    /// one request, because requests on one connection would be seen to come from one sender, whatever their keys are.
    ///
    /// # Errors
    /// [`DaemonError::Http`], [`DaemonError::Listen`].
    pub(crate) fn new(
        response_timeout: Duration,
        proxy: Option<&ProxyUrl>,
    ) -> Result<Self, DaemonError> {
        let builder = Client::builder()
            .http1_only()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(TCP_KEEPALIVE)
            .no_proxy();
        let Some(proxy) = proxy else {
            return Ok(Self { http: builder.build()?, response_timeout, _bridge: None });
        };
        let listen = |source| DaemonError::Listen { address: "127.0.0.1:0".into(), source };
        let bridge = ProxyBridge::start(proxy.clone()).map_err(listen)?;
        let http = builder.proxy(Proxy::all(bridge.url())?).build()?;
        Ok(Self { http, response_timeout, _bridge: Some(Arc::new(bridge)) })
    }

    /// Sends a request with a token, unless that is empty, as part of a session; returns the response with its head and, if
    /// that is short, its body. If the connection is cut before that, the request is repeated at once and once, unless its
    /// method is not idempotent or its body is a stream.
    pub(crate) async fn send(
        &self,
        request: RequestBuilder,
        token: &str,
        session: B256,
    ) -> Result<Response, RequestFailure> {
        self.send_long(request, token, session, Duration::ZERO).await
    }

    /// As [`ServiceClient::send`], for a request that may take this time in addition.
    pub(crate) async fn send_long(
        &self,
        request: RequestBuilder,
        token: &str,
        session: B256,
        more_time: Duration,
    ) -> Result<Response, RequestFailure> {
        let request = authenticate(request, token, session).build();
        let request = request.map_err(|_| RequestFailure::NoConnection)?;
        let again = if request.method().is_idempotent() { request.try_clone() } else { None };
        let response = match (self.send_once(request, more_time).await, again) {
            (Err(RequestFailure::Cut), Some(again)) => self.send_once(again, more_time).await?,
            (result, _) => result?,
        };
        if is_rejected(&response) { Err(RequestFailure::Rejected(response)) } else { Ok(response) }
    }

    /// Reads the next part of a body; `None` at its end.
    pub(crate) async fn next_part(
        &self,
        response: &mut Response,
    ) -> Result<Option<Bytes>, RequestFailure> {
        match timeout(self.response_timeout, response.chunk()).await {
            Ok(Ok(part)) => Ok(part),
            Ok(Err(_)) => Err(RequestFailure::Cut),
            Err(_) => Err(RequestFailure::NoResponse),
        }
    }

    /// Sends a request once.
    async fn send_once(
        &self,
        request: Request,
        more_time: Duration,
    ) -> Result<Response, RequestFailure> {
        let response = async {
            let response = self.http.execute(request).await?;
            match response.content_length() {
                Some(length) if length <= SHORT_BODY => buffer_body(response).await,
                _ => Ok(response),
            }
        };
        match timeout(self.response_timeout.saturating_add(more_time), response).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() => Err(RequestFailure::NoConnection),
            Ok(Err(error)) if !error.is_timeout() => Err(RequestFailure::Cut),
            Ok(Err(_)) | Err(_) => Err(RequestFailure::NoResponse),
        }
    }

    /// Reads the body of a probe's response; `None` if it is too long, or does not end in time.
    pub(crate) async fn read_body(&self, mut response: Response) -> Option<Vec<u8>> {
        let read = async {
            let mut body = Vec::new();
            while let Some(part) = response.chunk().await.ok()? {
                if body.len().saturating_add(part.len()) > MAX_BODY {
                    return None;
                }
                body.extend_from_slice(&part);
            }
            Some(body)
        };
        timeout(self.response_timeout, read).await.ok().flatten()
    }
}

impl Deref for ServiceClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.http
    }
}

/// Where the service that a client has brought begins at a worker.
pub(crate) const SERVICE_PREFIX: &str = "/service/http";

/// The URL of a path and query at a service.
pub(crate) fn service_url(service: &str, path_and_query: &str) -> String {
    format!("{}{path_and_query}", service.trim_end_matches('/'))
}

/// Adds token, unless it is empty, and session to a request.
fn authenticate(request: RequestBuilder, token: &str, session: B256) -> RequestBuilder {
    let mut request = request;
    if !token.is_empty()
        && let Ok(mut token) = HeaderValue::from_str(token)
    {
        token.set_sensitive(true);
        request = request.header(TOKEN_HEADER, token);
    }
    request.header(SESSION_HEADER, session.to_string())
}

/// Whether a gateway rejects the token. A response of the service with such a status has a receipt.
fn is_rejected(response: &Response) -> bool {
    matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
        && !response.headers().contains_key(RECEIPT_HEADER)
}

/// The response with its body in memory.
async fn buffer_body(mut response: Response) -> reqwest::Result<Response> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        body.extend_from_slice(&part);
    }
    let (parts, _) = http::Response::<Body>::from(response).into_parts();
    Ok(http::Response::from_parts(parts, body).into())
}

#[cfg(test)]
mod tests;
