//! The hosts and the web pages that may use the API.
//!
//! A web page that a person has open can send requests to this machine. It cannot read a token from a file, but one that
//! was pasted into some page must not be usable by all others; and a name that resolves to this machine (DNS rebinding)
//! would make a page's own origin the API's. So the header `Host` must name a host of the API, and a request with a header
//! `Origin` comes from a web page, which must be one that the operator has allowed.

use std::net::SocketAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};

use crate::failure::{ErrorCode, Failure};

/// The hosts and the web pages that may use the API.
#[derive(Clone, Debug)]
pub(crate) struct AllowedCallers {
    /// What the header `Host` may say, in lower case.
    hosts: Vec<String>,
    /// What the header `Origin` may say.
    origins: Vec<String>,
}

impl AllowedCallers {
    /// Those of an API at this address, which is also reached under these names, with or without a port.
    pub(crate) fn new(address: SocketAddr, names: &[String], origins: &[String]) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string()];
        if address.ip().is_loopback() {
            hosts.push(format!("localhost:{port}"));
        }
        for name in names {
            let name = name.to_ascii_lowercase();
            hosts.push(format!("{name}:{port}"));
            hosts.push(name);
        }
        Self { hosts, origins: origins.to_vec() }
    }

    /// Refuses a request that was sent to another host, or by a web page that is not allowed.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Failure> {
        let host = single(headers, &HOST)?.unwrap_or_default().to_ascii_lowercase();
        if !self.hosts.contains(&host) {
            let message = format!(
                "this API is no host {host:?}: use {}, or start the daemon with --api-host",
                self.hosts.first().map_or("", String::as_str)
            );
            return Err(Failure::new(ErrorCode::WrongHost, message));
        }
        match single(headers, &ORIGIN)? {
            Some(origin) if !self.origins.iter().any(|allowed| allowed == origin) => {
                let message = format!(
                    "web pages of {origin:?} may not use this API: start the daemon with --api-origin to allow it"
                );
                Err(Failure::new(ErrorCode::WrongOrigin, message))
            }
            _ => Ok(()),
        }
    }
}

/// The value of a header that must not be there twice.
pub(crate) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Failure> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str());
    let wrong = || Failure::bad_request(format!("the header {name} is malformed"));
    match (first, values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    /// The code with which these headers are refused.
    fn refused(callers: &AllowedCallers, headers: &[(HeaderName, &str)]) -> Option<ErrorCode> {
        let header = |(name, value): &(HeaderName, &str)| {
            (name.clone(), HeaderValue::from_str(value).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(header) {
            map.append(name, value);
        }
        callers.check(&map).err().map(|failure| failure.code())
    }

    #[test]
    fn only_hosts_of_the_api_are_answered() {
        let address = "127.0.0.1:9000".parse().unwrap();
        let callers = AllowedCallers::new(address, &["Box.lan".to_owned()], &[]);
        for host in
            ["127.0.0.1:9000", "localhost:9000", "LOCALHOST:9000", "box.lan", "box.lan:9000"]
        {
            assert_eq!(refused(&callers, &[(HOST, host)]), None, "{host}");
        }
        // A page of evil.example whose name resolves to 127.0.0.1 sends its own name.
        for host in ["evil.example:9000", "127.0.0.1", "localhost", "localhost:80", "", "box.lan:1"]
        {
            assert_eq!(refused(&callers, &[(HOST, host)]), Some(ErrorCode::WrongHost), "{host}");
        }
        assert_eq!(refused(&callers, &[]), Some(ErrorCode::WrongHost));
        let twice = [(HOST, "localhost:9000"), (HOST, "localhost:9000")];
        assert_eq!(refused(&callers, &twice), Some(ErrorCode::BadRequest));
        let public = AllowedCallers::new("0.0.0.0:9000".parse().unwrap(), &[], &[]);
        assert_eq!(refused(&public, &[(HOST, "localhost:9000")]), Some(ErrorCode::WrongHost));
    }

    #[test]
    fn only_allowed_web_pages_are_answered() {
        let address = "[::1]:9000".parse().unwrap();
        let callers = AllowedCallers::new(address, &[], &["https://app.example".to_owned()]);
        let host = (HOST, "[::1]:9000");
        assert_eq!(refused(&callers, std::slice::from_ref(&host)), None, "no web page");
        assert_eq!(refused(&callers, &[host.clone(), (ORIGIN, "https://app.example")]), None);
        for origin in
            ["http://app.example", "https://app.example:8443", "null", "http://[::1]:9000", ""]
        {
            let code = refused(&callers, &[host.clone(), (ORIGIN, origin)]);
            assert_eq!(code, Some(ErrorCode::WrongOrigin), "{origin}");
        }
    }
}
