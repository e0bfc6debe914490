//! Which headers pass. Those that concern one connection never do, nor do those between guest and gateway.

use hyper::{
    HeaderMap, Method, Request,
    header::{
        AUTHORIZATION, CONNECTION, EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, LOCATION,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::address::Upstream;

/// The only protocol that a connection may change to: all others could carry last_request_id past the door.
const WEBSOCKET: &str = "websocket";

/// What concerns one connection only.
const HOPS: [HeaderName; 11] = [
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
const OURS: &str = "x-muster-";

/// What begins the names of headers that tell where a guest comes from.
const ORIGIN: &str = "x-forwarded-";

/// What else tells where a guest comes from.
const ORIGINS: [HeaderName; 2] = [FORWARDED, HeaderName::from_static("x-real-ip")];

/// Whether a request asks for a WebSocket.
pub fn asks_websocket<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let upgrade = headers.get(UPGRADE).and_then(|value| value.to_str().ok());
    request.method() == Method::GET
        && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case(WEBSOCKET))
        && named(headers).any(|name| name.eq_ignore_ascii_case(UPGRADE.as_str()))
}

/// Makes a guest's headers those of a request to the service.
pub(crate) fn to_service(headers: &mut HeaderMap, upstream: &Upstream, websocket: bool) {
    strip(headers);
    for name in ORIGINS {
        headers.remove(name);
    }
    remove_all(headers, ORIGIN);
    headers.remove(HOST);
    headers.extend(upstream.host().map(|host| (HOST, host)));
    // Every exchange has its own connection to the service, so that no answer can meet another guest.
    let connection = if websocket { UPGRADE.as_str() } else { "close" };
    headers.insert(CONNECTION, HeaderValue::from_static(connection));
    if websocket {
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
}

/// Makes the service's headers those of an answer to the guest.
pub(crate) fn to_guest(headers: &mut HeaderMap, upstream: &Upstream, websocket: bool) {
    strip(headers);
    let place = headers.get(LOCATION).and_then(|place| upstream.path(place.to_str().ok()?));
    if let Some(path) = place.and_then(|path| HeaderValue::from_str(path).ok()) {
        headers.insert(LOCATION, path);
    }
    if websocket {
        headers.insert(CONNECTION, HeaderValue::from_static(UPGRADE.as_str()));
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    }
}

/// Takes away what passes in neither direction: what concerns one connection, `authorization`, and what is
/// between guest and gateway.
pub fn strip(headers: &mut HeaderMap) {
    let named: Vec<String> = named(headers).map(str::to_owned).collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOPS {
        headers.remove(name);
    }
    headers.remove(AUTHORIZATION);
    remove_all(headers, OURS);
}

/// What `connection` says concerns one connection only.
fn named(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty())
}

/// Takes away all headers whose names begin so.
fn remove_all(headers: &mut HeaderMap, beginning: &str) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(beginning)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}
