//! The address of a service, which speaks HTTP without TLS.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use hyper::{Uri, header::HeaderValue, http::uri::Authority};
use tokio::{net::TcpStream, time::timeout};

use crate::error::GatewayError;

/// HTTP's default port.
const HTTP_PORT: u16 = 80;

/// How long [`Upstream::is_up`] waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The host and port of a service. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream(Authority);

impl Upstream {
    /// Whether the service accepts a TCP connection within 2 seconds.
    pub async fn is_up(&self) -> bool {
        matches!(
            timeout(CONNECT_TIMEOUT, TcpStream::connect(self.connect_target())).await,
            Ok(Ok(_))
        )
    }

    /// The URL of the service: `http://` and its host and port.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.0)
    }

    /// The `host` header of requests to the service.
    pub(crate) fn host_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.0.as_str()).ok()
    }

    /// Host and port to connect to.
    pub(crate) fn connect_target(&self) -> (&str, u16) {
        (self.0.host().trim_matches(['[', ']']), self.0.port_u16().unwrap_or(HTTP_PORT))
    }

    /// The path and query of a URL of the service; `None` for any other URL.
    pub(crate) fn strip_origin<'a>(&self, url: &'a str) -> Option<&'a str> {
        let path = url.strip_prefix("http://")?.strip_prefix(self.0.as_str())?;
        path.starts_with('/').then_some(path)
    }
}

impl FromStr for Upstream {
    type Err = GatewayError;

    /// Parses `http://host:port` or `ws://host:port`; the port defaults to 80.
    fn from_str(url: &str) -> Result<Self, GatewayError> {
        let parts = url.parse::<Uri>().map_err(|_| GatewayError::InvalidUpstream)?.into_parts();
        let plain = parts.scheme.is_some_and(|scheme| matches!(scheme.as_str(), "http" | "ws"));
        let bare = parts.path_and_query.is_none_or(|path| path == "/");
        match parts.authority {
            Some(authority) if plain && bare && !authority.as_str().contains('@') => {
                Ok(Self(authority))
            }
            _ => Err(GatewayError::InvalidUpstream),
        }
    }
}

impl TryFrom<SocketAddr> for Upstream {
    type Error = GatewayError;

    fn try_from(address: SocketAddr) -> Result<Self, GatewayError> {
        format!("http://{address}").parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_host_and_a_port() {
        let target = |url: &str| {
            let upstream: Upstream = url.parse().unwrap();
            let (host, port) = upstream.connect_target();
            (host.to_owned(), port)
        };
        assert_eq!(target("http://127.0.0.1:3000"), ("127.0.0.1".into(), 3000));
        assert_eq!(target("ws://localhost:3000/"), ("localhost".into(), 3000));
        assert_eq!(target("http://service"), ("service".into(), 80));
        assert_eq!(target("http://[::1]:9"), ("::1".into(), 9));
    }

    #[tokio::test]
    async fn a_service_is_up_while_it_takes_connections() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Upstream::try_from(listener.local_addr().unwrap()).unwrap();
        assert!(upstream.is_up().await);
        drop(listener);
        assert!(!upstream.is_up().await);
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "/",
            "localhost:3000",
            "https://localhost",
            "file:///etc/passwd",
            "http://user@localhost",
            "http://localhost/path",
            "http://localhost/?query",
        ] {
            assert!(url.parse::<Upstream>().is_err(), "{url}");
        }
    }

    #[test]
    fn only_urls_of_the_service_have_their_origin_stripped() {
        let upstream: Upstream = "http://127.0.0.1:80".parse().unwrap();
        assert_eq!(upstream.strip_origin("http://127.0.0.1:80/a?b"), Some("/a?b"));
        for url in ["http://127.0.0.1:8080/a", "https://127.0.0.1:80/a", "/a", "http://other/a"] {
            assert_eq!(upstream.strip_origin(url), None, "{url}");
        }
    }
}
