//! The checks of a service: requests, and what its responses must be. A client gives them to testers.

use std::collections::BTreeMap;

use hyper::header::{HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request};
use muster_compute::Digest;
use muster_compute_http::ServiceDocument;
use serde::{Deserialize, Serialize};

/// The most checks of one service.
const MAX_CHECKS: usize = 64;

/// The headers that are of a connection or of the market, and so of no check.
const RESERVED: [&str; 7] =
    ["connection", "content-length", "host", "te", "trailer", "transfer-encoding", "upgrade"];

/// What the headers of the market begin with.
const RESERVED_PREFIX: &str = "x-muster-";

/// From this status on, a response can tell of a limit that a machine has reached, and another has not.
const FIRST_FAILURE: u16 = 502;

/// A request of a service, and what is required of its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceCheck {
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// Path and query, which the component sees as they are.
    pub path: String,
    /// Headers by their names.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body; without it, an empty one.
    #[serde(default)]
    pub body: Option<String>,
    /// The required status; without it, that of the component here.
    #[serde(default)]
    pub status: Option<u16>,
    /// The required SHA-256 of the body; without it, that of the component here.
    #[serde(default)]
    pub sha256: Option<Digest>,
}

/// A service and its checks: the document that testers get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceChecks {
    /// The service.
    pub service: ServiceDocument,
    /// The checks.
    pub checks: Vec<ServiceCheck>,
}

/// Why checks cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceChecksError {
    /// No JSON, or other fields.
    #[error("the checks are not a JSON list of requests: {0}")]
    Malformed(#[from] serde_json::Error),
    /// None, or too many.
    #[error("there are {0} checks, and 1 to {MAX_CHECKS} are possible")]
    Count(usize),
    /// A request that cannot be sent.
    #[error("check {number} cannot be requested: {reason}")]
    Request {
        /// Which, from 1 on.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// The usual method.
fn get() -> String {
    Method::GET.to_string()
}

/// What a response is compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceAnswer {
    /// Its status.
    pub status: u16,
    /// The SHA-256 of its body.
    pub sha256: Digest,
}

impl ServiceAnswer {
    /// What a response is compared by; `None` if other machines need not answer alike.
    pub(crate) fn of(status: u16, body: &[u8]) -> Option<Self> {
        (status < FIRST_FAILURE).then(|| Self { status, sha256: Digest::of(body) })
    }
}

impl ServiceCheck {
    /// A request of a path, whose response must be that of the component here.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let (method, path, headers) = (get(), path.to_owned(), BTreeMap::new());
        Self { method, path, headers, body: None, status: None, sha256: None }
    }

    /// Whether a response is what is required.
    #[must_use]
    pub fn accepts(&self, answer: &ServiceAnswer) -> bool {
        self.status.is_none_or(|status| status == answer.status)
            && self.sha256.is_none_or(|sha256| sha256 == answer.sha256)
    }

    /// The request, with its path alone as its URI.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn request(&self) -> Result<Request<String>, String> {
        if !self.path.starts_with('/') {
            return Err(format!("its path {:?} does not begin with /", self.path));
        }
        let path: PathAndQuery =
            self.path.parse().map_err(|error| format!("its path {:?}: {error}", self.path))?;
        let method: Method = self
            .method
            .parse()
            .map_err(|error| format!("its method {:?}: {error}", self.method))?;
        if method == Method::CONNECT {
            return Err("its method is CONNECT, which no service gets".to_owned());
        }
        let mut request = Request::new(self.body.clone().unwrap_or_default());
        *request.method_mut() = method;
        *request.uri_mut() = path.into();
        for (name, value) in &self.headers {
            let wrong = |error: &dyn std::fmt::Display| format!("its header {name:?}: {error}");
            let header: HeaderName = name.parse().map_err(|error| wrong(&error))?;
            let text = header.as_str();
            if RESERVED.contains(&text) || text.starts_with(RESERVED_PREFIX) {
                return Err(wrong(&"a service does not get it from a client"));
            }
            let value: HeaderValue = value.parse().map_err(|error| wrong(&error))?;
            request.headers_mut().insert(header, value);
        }
        Ok(request)
    }
}

impl ServiceChecks {
    /// The checks of a service in a file: a JSON list of [`ServiceCheck`].
    ///
    /// # Errors
    /// [`ServiceChecksError`].
    pub fn of_list(service: ServiceDocument, list: &[u8]) -> Result<Self, ServiceChecksError> {
        let checks = Self { service, checks: serde_json::from_slice(list)? };
        checks.validate()?;
        Ok(checks)
    }

    /// Reads what [`ServiceChecks::document`] has written.
    ///
    /// # Errors
    /// [`ServiceChecksError`].
    pub(crate) fn parse(document: &[u8]) -> Result<Self, ServiceChecksError> {
        let checks: Self = serde_json::from_slice(document)?;
        checks.validate()?;
        Ok(checks)
    }

    /// The document that testers get.
    #[must_use]
    pub fn document(&self) -> Vec<u8> {
        // Structs of texts and numbers.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whether every check can be requested.
    fn validate(&self) -> Result<(), ServiceChecksError> {
        let count = self.checks.len();
        if !(1..=MAX_CHECKS).contains(&count) {
            return Err(ServiceChecksError::Count(count));
        }
        for (number, check) in (1..).zip(&self.checks) {
            check.request().map_err(|reason| ServiceChecksError::Request { number, reason })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a list of checks.
    fn refused(list: &str) -> String {
        let service = ServiceDocument::new(Digest::of(b"component"));
        ServiceChecks::of_list(service, list.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn checks_are_read_with_their_defaults_and_written_as_a_document() {
        let service = ServiceDocument::new(Digest::of(b"component"));
        let digest = Digest::of(b"2");
        let list = format!(
            r#"[{{"path": "/"}}, {{"method": "POST", "path": "/sum?x=1", "headers": {{"Accept": "*/*"}},
                "body": "1+1", "status": 201, "sha256": "{digest}"}}]"#
        );
        let checks = ServiceChecks::of_list(service, list.as_bytes()).unwrap();
        assert_eq!(checks.checks[0], ServiceCheck::of_path("/"));
        let request = checks.checks[1].request().unwrap();
        assert_eq!((request.method(), request.body().as_str()), (&Method::POST, "1+1"));
        assert_eq!((request.uri().to_string().as_str(), request.headers().len()), ("/sum?x=1", 1));
        assert_eq!(ServiceChecks::parse(&checks.document()).unwrap(), checks);
        let right = ServiceAnswer { status: 201, sha256: digest };
        assert!(checks.checks[1].accepts(&right) && checks.checks[0].accepts(&right));
        for wrong in [
            ServiceAnswer { status: 200, ..right },
            ServiceAnswer { sha256: Digest::of(b"3"), ..right },
        ] {
            assert!(!checks.checks[1].accepts(&wrong));
        }
    }

    #[test]
    fn what_cannot_be_requested_is_refused_with_its_number() {
        assert!(refused("{").contains("JSON list"));
        assert!(refused(r#"[{"path": "/", "stats": 200}]"#).contains("stats"));
        assert!(refused("[]").contains("0 checks"));
        let many = vec![r#"{"path": "/"}"#; MAX_CHECKS + 1].join(",");
        assert!(refused(&format!("[{many}]")).contains("65 checks"));
        for (check, reason) in [
            (r#"{"path": "x"}"#, "does not begin with /"),
            (r#"{"path": "/a b"}"#, "its path"),
            (r#"{"path": "/", "method": "G T"}"#, "its method"),
            (r#"{"path": "/", "method": "CONNECT"}"#, "CONNECT"),
            (r#"{"path": "/", "headers": {"Host": "x"}}"#, "does not get it"),
            (r#"{"path": "/", "headers": {"X-Muster-Token": "x"}}"#, "does not get it"),
            (r#"{"path": "/", "headers": {"a b": "x"}}"#, "its header"),
            (r#"{"path": "/", "headers": {"a": "x\n"}}"#, "its header"),
        ] {
            let said = refused(&format!(r#"[{{"path": "/"}}, {check}]"#));
            assert!(said.contains("check 2") && said.contains(reason), "{check}: {said}");
        }
    }
}
