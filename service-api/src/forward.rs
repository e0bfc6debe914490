//! Forwards a request to the service, and its response back.

use crate::{api::ServiceApi, error::RequestError, wire::ERROR_HEADER};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Uri, header, uri::PathAndQuery},
    response::Response,
};
use std::sync::Arc;

/// Headers that are about a connection, and end with it.
const OF_A_CONNECTION: [header::HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Where the service begins.
pub(crate) const PREFIX: &str = "/service/http";

/// Sends a request to the service.
pub(crate) async fn forward(
    State(api): State<Arc<ServiceApi>>,
    mut request: Request,
) -> Result<Response, RequestError> {
    let service = api.get()?;
    strip(request.headers_mut());
    *request.uri_mut() = below(request.uri());
    let mut response = service.send(request).await?;
    strip(response.headers_mut());
    response.headers_mut().remove(ERROR_HEADER);
    Ok(response.map(Body::new))
}

/// The path without the prefix, byte by byte as it came, and the query.
fn below(uri: &Uri) -> Uri {
    let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
    let rest = path.strip_prefix(PREFIX).unwrap_or(path);
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    // It was one with the prefix, so it is one without.
    rest.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

/// Removes what is about the connection on which it came.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<_> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<header::HeaderName>().ok())
        .collect();
    for name in named.iter().chain(&OF_A_CONNECTION) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn headers_of_a_connection_are_stripped() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-kept", "1"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip(&mut headers);
        assert_eq!(headers.keys().map(header::HeaderName::as_str).collect::<Vec<_>>(), ["x-kept"]);
    }
}
