//! Connections through a proxy, so that the other side does not learn the own address: SOCKS5, or HTTP with CONNECT.

use std::fmt::{self, Debug, Display, Formatter};
use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::ServiceExt;

use crate::error::MessageError;

/// The timeout of a connection, with the proxy's own.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The URL of a proxy: `socks5://` or `socks5h://`, which both leave names to the proxy, or `http://`, each with or
/// without `USER:PASSWORD@`. `Debug` redacts it, and `Display` leaves user and password out.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    /// Whether it speaks SOCKS5, else HTTP.
    is_socks: bool,
    /// The proxy's address, with port and without user.
    address: Uri,
    /// User and password.
    login: Option<(String, String)>,
}

impl ProxyUrl {
    /// Reads a URL. Without a port, it is 1080 for SOCKS5 and 3128 for HTTP.
    ///
    /// # Errors
    /// [`MessageError::InvalidProxyUrl`].
    pub fn parse(url: &str) -> Result<Self, MessageError> {
        let invalid = || MessageError::InvalidProxyUrl;
        let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
        let (is_socks, port) = match scheme {
            "socks5" | "socks5h" => (true, 1_080),
            "http" => (false, 3_128),
            _ => return Err(invalid()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (Some(login.split_once(':').ok_or_else(invalid)?), host),
            None => (None, authority),
        };
        let address: Uri = format!("http://{host}").parse().map_err(|_| invalid())?;
        if address.path() != "/" || address.host().is_none_or(str::is_empty) {
            return Err(invalid());
        }
        let port = address.port_u16().unwrap_or(port);
        let address = origin(address.host().unwrap_or_default(), port).ok_or_else(invalid)?;
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        Ok(Self { is_socks, address, login })
    }

    /// Connects to a host through the proxy.
    ///
    /// # Errors
    /// If the proxy cannot be reached in ten seconds, or refuses.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let target = origin(host, port).ok_or(io::ErrorKind::InvalidInput)?;
        let (mut connector, proxy) = (HttpConnector::new(), self.address.clone());
        connector.set_nodelay(true);
        let connected = async {
            let stream = if self.is_socks {
                let socks = SocksV5::new(proxy, connector);
                let socks = match self.login.clone() {
                    Some((user, password)) => socks.with_auth(user, password),
                    None => socks,
                };
                socks.oneshot(target).await.map_err(io::Error::other)?
            } else {
                let tunnel = Tunnel::new(proxy, connector);
                let tunnel = match &self.login {
                    Some((user, password)) => {
                        let login = STANDARD.encode(format!("{user}:{password}"));
                        let header = HeaderValue::try_from(format!("Basic {login}"));
                        tunnel.with_auth(header.map_err(io::Error::other)?)
                    }
                    None => tunnel,
                };
                tunnel.oneshot(target).await.map_err(io::Error::other)?
            };
            Ok(stream.into_inner())
        };
        timeout(CONNECT_TIMEOUT, connected).await?
    }
}

/// The URL of a host and port; `None` if that is no host.
fn origin(host: &str, port: u16) -> Option<Uri> {
    let is_v6 = host.contains(':') && !host.starts_with('[');
    let host = if is_v6 { format!("[{host}]") } else { host.to_owned() };
    format!("http://{host}:{port}/").parse().ok()
}

impl Debug for ProxyUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyUrl").field("is_socks", &self.is_socks).finish_non_exhaustive()
    }
}

impl Display for ProxyUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_socks { "socks5" } else { "http" };
        write!(
            f,
            "{scheme}://{}",
            self.address.authority().map_or("", |authority| authority.as_str())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_proxies_are_read() {
        let parsed = |url| {
            let ProxyUrl { is_socks, address, login } = ProxyUrl::parse(url).unwrap();
            (is_socks, address.to_string(), login.map(|(user, password)| user + "/" + &password))
        };
        let login = |text: &str| Some(text.to_owned());
        assert_eq!(parsed("socks5://localhost"), (true, "http://localhost:1080/".into(), None));
        let tor = parsed("socks5h://a:b@[::1]:9050/");
        assert_eq!(tor, (true, "http://[::1]:9050/".into(), login("a/b")));
        assert_eq!(parsed("http://10.0.0.1"), (false, "http://10.0.0.1:3128/".into(), None));
        for wrong in
            ["", "localhost:1080", "https://a", "socks4://a", "http://", "http://a/b", "http://u@a"]
        {
            assert!(ProxyUrl::parse(wrong).is_err(), "{wrong}");
        }
        let proxy = ProxyUrl::parse("http://u:secret@host").unwrap();
        let printed = format!("{proxy:?}");
        assert!(!printed.contains("secret") && !printed.contains("host"), "{printed}");
        assert_eq!(proxy.to_string(), "http://host:3128");
    }
}
