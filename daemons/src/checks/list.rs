//! The checks that a tester has, by application.

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::B256;
use muster_client::{Application, ApplicationError};
use serde::Deserialize;

use super::check::Check;
use super::document::ApplicationDocument;

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
    /// Application documents.
    documents: Vec<ApplicationDocument>,
}

/// Stands for all applications that are not named.
const WILDCARD: &str = "*";

impl Checks {
    /// The same check for every application.
    #[must_use]
    pub fn all(check: Check) -> Self {
        Self { fallback: Some(check), ..Self::default() }
    }

    /// The same checks, and those of these documents, which come first.
    #[must_use]
    pub fn with_documents(self, documents: Vec<ApplicationDocument>) -> Self {
        Self { documents, ..self }
    }

    /// How an application is probed; `None` if there is no check for it, so that its workers are not probed. Workers of
    /// `wasm1` are probed with jobs, whatever the checks say.
    #[must_use]
    pub fn for_application(&self, application: Application) -> Option<ProbeKind> {
        if application == Application::WASM1 {
            return Some(ProbeKind::Job);
        }
        let documented = self.documents.iter().find(|known| known.application() == application);
        let check = documented.map(ApplicationDocument::check);
        let check = check.or_else(|| self.by_application.get(&application));
        check.or(self.fallback.as_ref()).cloned().map(ProbeKind::Check)
    }

    /// The check of the document with this digest, if it is known and one of this application.
    #[must_use]
    pub fn documented(&self, application: Application, digest: B256) -> Option<&Check> {
        let mut known = self.documents.iter().filter(|known| known.application() == application);
        known.find(|known| known.digest() == digest).map(ApplicationDocument::check)
    }
}

impl TryFrom<BTreeMap<String, Check>> for Checks {
    type Error = ApplicationError;

    /// Reads names of applications, and `*` for all others.
    fn try_from(mut checks: BTreeMap<String, Check>) -> Result<Self, ApplicationError> {
        let others = checks.remove(WILDCARD);
        let named = checks.into_iter().map(|(name, check)| Ok((name.parse()?, check)));
        let by_application = named.collect::<Result<_, _>>()?;
        Ok(Self { by_application, fallback: others, documents: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use muster_client::Application;

    use super::{Check, Checks, ProbeKind};
    use crate::checks::{ApplicationDocument, CommandCheck, HttpCheck};

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
    fn a_document_comes_before_other_checks_and_is_known_by_its_digest() {
        let document = |text: &str| serde_json::from_str::<ApplicationDocument>(text).unwrap();
        let echo = r#"{"name": "echo", "version": "1", "api": "-", "check": {"kind": "http", "path": "/a"}}"#;
        let echo2 = document(&echo.replace(r#""1""#, r#""2""#).replace("/a", "/b"));
        let echo = document(echo);
        let checks = Checks::all(Check::Factor).with_documents(vec![echo.clone(), echo2.clone()]);
        let application = echo.application();
        let first = ProbeKind::Check(echo.check().clone());
        assert_eq!(checks.for_application(application), Some(first));
        let other = "other".parse().unwrap();
        assert_eq!(checks.for_application(other), Some(ProbeKind::Check(Check::Factor)));
        assert_eq!(checks.documented(application, echo2.digest()), Some(echo2.check()));
        assert_eq!(checks.documented(other, echo2.digest()), None);
        assert_eq!(checks.documented(application, B256::ZERO), None);
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
