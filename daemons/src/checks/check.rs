//! How the service of each application is checked.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display, Formatter};

use alloy::primitives::B256;
use muster_client::{Application, ApplicationError};
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
        let Self::Http(page) = self else { return vec![self.clone()] };
        let first = HttpCheck { paths: Vec::new(), ..page.clone() };
        let further = page.paths.iter().map(|path| HttpCheck::any_success(path));
        [first].into_iter().chain(further).map(Self::Http).collect()
    }
}

impl HttpCheck {
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

/// What a probe of an application's workers is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// A request of the service, and a check of the response.
    Check(Check),
    /// A job, and the tester's own result of it.
    Job,
}

/// Checks by application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Check>")]
pub struct Checks {
    /// The checks of single applications.
    by_application: HashMap<Application, Check>,
    /// The check of all other applications, if there is one.
    fallback: Option<Check>,
}

/// Stands for all applications that are not named.
const WILDCARD: &str = "*";

impl Checks {
    /// The same check for every application.
    #[must_use]
    pub fn all(check: Check) -> Self {
        Self { by_application: HashMap::new(), fallback: Some(check) }
    }

    /// How an application is probed; `None` if there is no check for it, so that its workers are not probed. Workers of
    /// `wasm1` are probed with jobs, whatever the checks say.
    #[must_use]
    pub fn for_application(&self, application: Application) -> Option<ProbeKind> {
        if application == Application::WASM1 {
            return Some(ProbeKind::Job);
        }
        let check = self.by_application.get(&application).or(self.fallback.as_ref());
        check.cloned().map(ProbeKind::Check)
    }
}

impl TryFrom<BTreeMap<String, Check>> for Checks {
    type Error = ApplicationError;

    /// Reads names of applications, and `*` for all others.
    fn try_from(mut checks: BTreeMap<String, Check>) -> Result<Self, ApplicationError> {
        let others = checks.remove(WILDCARD);
        let named = checks.into_iter().map(|(name, check)| Ok((name.parse()?, check)));
        Ok(Self { by_application: named.collect::<Result<_, _>>()?, fallback: others })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use muster_client::Application;

    use super::{Check, Checks, CommandCheck, HttpCheck, ProbeKind};

    /// The check of an application in a file.
    fn parse_check(file: &str, application: &str) -> Option<Check> {
        let checks: Checks = serde_json::from_str(file).unwrap();
        match checks.for_application(application.parse().unwrap())? {
            ProbeKind::Check(check) => Some(check),
            ProbeKind::Job => panic!("{application} is for jobs"),
        }
    }

    #[test]
    fn checks_are_per_application_with_a_wildcard() {
        let some = r#"{"factor": {"kind": "factor"}, "0": {"kind": "http", "path": "/health"}}"#;
        let page = HttpCheck::any_success("/health");
        assert_eq!(parse_check(some, "factor"), Some(Check::Factor));
        assert_eq!(parse_check(some, "0"), Some(Check::Http(page)));
        assert_eq!(parse_check(some, "render"), None);
        let all = r#"{"*": {"kind": "command", "run": "true"}, "factor": {"kind": "factor"}}"#;
        let command = CommandCheck { run: "true".to_owned(), path: String::new() };
        assert_eq!(parse_check(all, "render"), Some(Check::Command(command)));
        assert_eq!(parse_check(all, "factor"), Some(Check::Factor));
        let one = Checks::all(Check::Factor);
        let check = ProbeKind::Check(Check::Factor);
        assert_eq!(one.for_application(Application::default()), Some(check));
    }

    #[test]
    fn wasm1_is_probed_with_jobs_whatever_the_checks_say() {
        let named = serde_json::from_str(r#"{"wasm1": {"kind": "factor"}}"#).unwrap();
        for checks in [Checks::default(), Checks::all(Check::Factor), named] {
            assert_eq!(checks.for_application("wasm1".parse().unwrap()), Some(ProbeKind::Job));
        }
    }

    #[test]
    fn http_check_parses_every_field() {
        let text = format!(
            r#"{{"*": {{"kind": "http", "path": "/sum", "post": "1+1", "status": 201, "contains": "2",
                "sha256": "{}", "paths": ["/"]}}}}"#,
            B256::repeat_byte(7)
        );
        let page = HttpCheck {
            path: "/sum".to_owned(),
            paths: vec!["/".to_owned()],
            post: Some("1+1".to_owned()),
            status: Some(201),
            contains: Some("2".to_owned()),
            sha256: Some(B256::repeat_byte(7)),
        };
        assert_eq!(parse_check(&text, "x"), Some(Check::Http(page)));
    }

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

    #[test]
    fn unknown_fields_and_kinds_are_rejected() {
        for wrong in [
            r#"{"*": {"kind": "http", "pth": "/"}}"#,
            r#"{"*": {"kind": "ping"}}"#,
            r#"{"*": {"kind": "command"}}"#,
            r#"{"a-name-too-long": {"kind": "factor"}}"#,
        ] {
            assert!(serde_json::from_str::<Checks>(wrong).is_err(), "{wrong}");
        }
    }
}
