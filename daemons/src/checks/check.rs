//! What a right answer of a service is.

use std::fmt::{self, Display, Formatter};

use alloy::primitives::B256;
use serde::{Deserialize, Serialize};

/// How a tester, or the worker itself, finds out whether a service works.
///
/// A check that fails counts against the worker, so it must pass for every correct implementation of the application. It
/// is made at random moments of a window, each time with one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Check {
    /// By the response to one HTTP request.
    Http(HttpCheck),
    /// By the prime factors of a random number, as `muster example factor` computes them.
    Factor,
    /// By the exit code of a command.
    Command(CommandCheck),
}

/// A request, and what is required of its response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCheck {
    /// The path behind the service's URL.
    #[serde(default)]
    pub path: String,
    /// Further paths that clients of the application request. Each probe takes one of all paths at random, so that workers
    /// do not know probes by their path. A GET request for one of these must be answered with any 2xx.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The body of a POST request; without it, the request is a GET. A POST request is not made again if its connection
    /// was cut, because clients do not repeat theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<String>,
    /// The required status; without it, any 2xx.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A text that the body must contain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// The required SHA-256 digest of the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<B256>,
}

/// A command that exits with code 0 if the service works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandCheck {
    /// The command line for `/bin/sh`. Its environment has `MUSTER_URL`, `MUSTER_TOKEN` and `MUSTER_SESSION`, for the
    /// request's headers `x-muster-token` and `x-muster-session`, and `PATH` and `HOME` of the tester. It and all its
    /// processes are killed at the timeout of a response.
    pub run: String,
    /// The path behind the service's URL that is requested for a receipt after the command has succeeded.
    #[serde(default)]
    pub path: String,
}

impl Check {
    /// The requests of which each probe makes one, each as a check of its own.
    #[must_use]
    pub fn requests(&self) -> Vec<Self> {
        match self {
            Self::Http(page) => page.requests().into_iter().map(Self::Http).collect(),
            other => vec![other.clone()],
        }
    }
}

impl HttpCheck {
    /// The requests of which each probe makes one, each without further paths.
    pub(super) fn requests(&self) -> Vec<Self> {
        let first = Self { paths: Vec::new(), ..self.clone() };
        let further = self.paths.iter().map(|path| Self::any_success(path));
        [first].into_iter().chain(further).collect()
    }

    /// A GET request of a path, which any 2xx answers.
    #[must_use]
    pub fn any_success(path: &str) -> Self {
        let path = path.to_owned();
        Self { path, paths: Vec::new(), post: None, status: None, contains: None, sha256: None }
    }
}

impl Display for Check {
    /// In one line, for people: `GET / answers with success and contains "hello"`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor => f.write_str("GET /factor?n=N answers with the prime factors of N"),
            Self::Command(CommandCheck { run, path }) => {
                write!(f, "`{run}` succeeds, and GET {path} gives a receipt")
            }
            Self::Http(page) => {
                let method = if page.post.is_some() { "POST" } else { "GET" };
                write!(f, "{method} {} answers with ", page.path)?;
                match page.status {
                    Some(status) => write!(f, "{status}")?,
                    None => f.write_str("success")?,
                }
                if let Some(text) = &page.contains {
                    write!(f, " and contains {text:?}")?;
                }
                if let Some(digest) = &page.sha256 {
                    write!(f, " and has the digest {digest}")?;
                }
                page.paths
                    .iter()
                    .try_for_each(|path| write!(f, "; so does GET {path} with success"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, HttpCheck};

    #[test]
    fn each_request_of_a_check_is_a_check_of_its_own() {
        let first = HttpCheck { contains: Some("2".to_owned()), ..HttpCheck::any_success("/sum") };
        let whole = Check::Http(HttpCheck { paths: vec!["/".to_owned()], ..first.clone() });
        let requests = [first, HttpCheck::any_success("/")].map(Check::Http);
        assert_eq!(whole.requests(), requests);
        assert_eq!(Check::Factor.requests(), [Check::Factor]);
        let text = r#"GET /sum answers with success and contains "2"; so does GET / with success"#;
        assert_eq!(whole.to_string(), text);
    }
}
