//! Which headers pass. Those that concern one connection never do, nor do those between guest and gateway.

use hyper::{
    HeaderMap, Method, Request,
    header::{
        AUTHORIZATION, CONNECTION, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, LOCATION,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::upstream::Upstream;

/// The only protocol that a connection may change to: all others could carry requests past the door.
const WEBSOCKET: &str = "websocket";

/// What concerns one connection only.
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

/// What begins the names of our own headers.
const MUSTER_PREFIX: &str = "x-muster-";

/// What begins the names of headers that tell where a guest comes from.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// What else tells where a guest comes from.
const FORWARDED_HEADERS: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-real-ip")];

/// Whether a request asks for a WebSocket.
pub fn is_websocket_upgrade<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(WEBSOCKET))
        && connection_options(headers).any(|name| name.eq_ignore_ascii_case(UPGRADE.as_str()))
}

/// Makes a guest's headers those of a request to the service.
pub(crate) fn prepare_request(headers: &mut HeaderMap, upstream: &Upstream, websocket: bool) {
    strip_headers(headers);
    for name in FORWARDED_HEADERS {
        headers.remove(name);
    }
    remove_with_prefix(headers, FORWARDED_PREFIX);
    headers.remove(HOST);
    headers.extend(upstream.host_header().map(|host| (HOST, host)));
    // Every exchange has its own connection to the service, so that no answer can meet another guest.
    let connection = if websocket { UPGRADE.as_str() } else { "close" };
    headers.insert(CONNECTION, HeaderValue::from_static(connection));
    if websocket {
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
}

/// Makes the service's headers those of an answer to the guest.
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

/// Takes away what passes in neither direction: what concerns one connection, `authorization`, and what is
/// between guest and gateway.
pub fn strip_headers(headers: &mut HeaderMap) {
    let named: Vec<String> = connection_options(headers).map(str::to_owned).collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP_HEADERS {
        headers.remove(name);
    }
    headers.remove(AUTHORIZATION);
    remove_with_prefix(headers, MUSTER_PREFIX);
}

/// What `connection` says concerns one connection only.
fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

/// Takes away all headers whose names begin so.
fn remove_with_prefix(headers: &mut HeaderMap, prefix: &str) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(prefix)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}
