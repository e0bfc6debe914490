//! Requests to a worker's service. Testers and clients make them with this code, so that they look alike: HTTP/1.1, one
//! request on each connection, no headers but those of the request itself.

use std::ops::Deref;
use std::sync::Arc;

use alloy::primitives::B256;
use muster_gateway::{SESSION_HEADER, TOKEN_HEADER};
use muster_messaging::ProxyUrl;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, RequestBuilder};
use tokio::time::Duration;

use crate::error::DaemonError;
use crate::proxy_bridge::ProxyBridge;

/// The timeout of a connection to a worker.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection, of a WebSocket, is checked after this time.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

/// A client for services. Clones share the proxy.
#[derive(Clone, Debug)]
pub(crate) struct ServiceClient {
    /// The HTTP client.
    http: Client,
    /// What it connects through, if there is a proxy.
    _bridge: Option<Arc<ProxyBridge>>,
}

impl ServiceClient {
    /// A client that connects through a proxy, if there is one. A connection carries one request, because requests on one
    /// connection would be seen to come from one sender, whatever their keys are.
    ///
    /// # Errors
    /// [`DaemonError::Http`], [`DaemonError::Listen`].
    pub(crate) fn new(proxy: Option<&ProxyUrl>) -> Result<Self, DaemonError> {
        let builder = Client::builder()
            .http1_only()
            .redirect(Policy::none())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(TCP_KEEPALIVE)
            .no_proxy();
        let Some(proxy) = proxy else { return Ok(Self { http: builder.build()?, _bridge: None }) };
        let listen = |source| DaemonError::Listen { address: "127.0.0.1:0".into(), source };
        let bridge = ProxyBridge::start(proxy.clone()).map_err(listen)?;
        let http = builder.proxy(Proxy::all(bridge.url())?).build()?;
        Ok(Self { http, _bridge: Some(Arc::new(bridge)) })
    }
}

impl Deref for ServiceClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.http
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
