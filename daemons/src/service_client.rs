//! Requests to a worker's service. Testers and clients make them with this code, so that they look alike: HTTP/1.1, one
//! request on each connection, no headers but those of the request itself.

use std::fmt::{self, Debug, Formatter};

use alloy::primitives::B256;
use muster_gateway::{SESSION_HEADER, TOKEN_HEADER};
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, RequestBuilder};
use tokio::time::Duration;

/// The timeout of a connection to a worker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection, of a WebSocket, is checked after this time.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// The URL of a proxy for connections to workers: `socks5://`, `socks5h://` or `http://`.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(Box<str>);

impl ProxyUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// If it is none, or of another scheme.
    pub fn parse(url: &str) -> Result<Self, reqwest::Error> {
        Proxy::all(url).map(|_| Self(url.into()))
    }
}

impl Debug for ProxyUrl {
    /// Shows nothing: a URL may have a password.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProxyUrl").finish_non_exhaustive()
    }
}

/// A client for services. A connection carries one request, because requests on one connection would be seen to come from
/// one sender, whatever their keys are.
pub(crate) fn service_client(proxy: Option<&ProxyUrl>) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .http1_only()
        .redirect(Policy::none())
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_keepalive(TCP_KEEPALIVE)
        .no_proxy();
    match proxy {
        Some(ProxyUrl(url)) => builder.proxy(Proxy::all(&**url)?).build(),
        None => builder.build(),
    }
}

/// Adds token, unless it is empty, and session to a request.
pub(crate) fn authenticate(request: RequestBuilder, token: &str, session: B256) -> RequestBuilder {
    let mut request = request;
    if !token.is_empty()
        && let Ok(mut token) = HeaderValue::from_str(token)
    {
        token.set_sensitive(true);
        request = request.header(TOKEN_HEADER, token);
    }
    request.header(SESSION_HEADER, session.to_string())
}
