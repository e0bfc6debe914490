//! Which headers are forwarded. Hop-by-hop headers never are, nor are those between client and gateway.

use hyper::{
    HeaderMap, Method, Request,
    header::{
        AUTHORIZATION, CONNECTION, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, LOCATION,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::{token::TOKEN_HEADER, upstream::Upstream};

/// The only protocol to upgrade to: requests in any other could bypass the authorizer.
const WEBSOCKET: &str = "websocket";

/// Headers that concern one connection only.
const HOP_BY_HOP_HEADERS: [HeaderName; 11] = [
    CONNECTION,
    EXPECT,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Prefix of the gateway's own headers.
const MUSTER_PREFIX: &str = "x-muster-";

/// Prefix of headers that identify the client's address.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// The other headers that identify the client's address.
const FORWARDED_HEADERS: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-real-ip")];

/// Whether a request asks for an upgrade to WebSocket.
pub fn is_websocket_upgrade<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(WEBSOCKET))
        && connection_options(headers).any(|name| name.eq_ignore_ascii_case(UPGRADE.as_str()))
}

/// Converts a client's headers to those of a request to the service. `authorization` is the service's own, unless it held the token.
pub(crate) fn prepare_request(headers: &mut HeaderMap, upstream: &Upstream, websocket: bool) {
    if !headers.contains_key(TOKEN_HEADER) {
        headers.remove(AUTHORIZATION);
    }
    strip_headers(headers);
    for name in FORWARDED_HEADERS {
        headers.remove(name);
    }
    remove_with_prefix(headers, FORWARDED_PREFIX);
    headers.remove(HOST);
    headers.extend(upstream.host_header().map(|host| (HOST, host)));
    // Every request has its own connection to the service, so no response can reach another client.
    let connection = if websocket { UPGRADE.as_str() } else { "close" };
    headers.insert(CONNECTION, HeaderValue::from_static(connection));
    if websocket {
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
}

/// Converts the service's headers to those of a response to the client.
pub(crate) fn prepare_response(headers: &mut HeaderMap, upstream: &Upstream, websocket: bool) {
    strip_headers(headers);
    let location =
        headers.get(LOCATION).and_then(|location| upstream.strip_origin(location.to_str().ok()?));
    if let Some(path) = location.and_then(|path| HeaderValue::from_str(path).ok()) {
        headers.insert(LOCATION, path);
    }
    if websocket {
        headers.insert(CONNECTION, HeaderValue::from_static(UPGRADE.as_str()));
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
}

/// Removes what is forwarded in neither direction: hop-by-hop headers and `x-muster-…`.
pub fn strip_headers(headers: &mut HeaderMap) {
    let named: Vec<String> = connection_options(headers).map(str::to_owned).collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP_HEADERS {
        headers.remove(name);
    }
    remove_with_prefix(headers, MUSTER_PREFIX);
}

/// The header names that `connection` lists as hop-by-hop.
fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

/// Removes all headers with a prefix.
fn remove_with_prefix(headers: &mut HeaderMap, prefix: &str) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(prefix)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}
