//! Application documents: what an application is, and what a right answer of its services is.
//!
//! On chain an application is eight bytes. Two documents can have the same name, so all sides compare the SHA-256 of the whole
//! document, in its canonical form: the JSON of RFC 8785 (no blanks, keys in order) with what the document says and nothing
//! that it leaves out. Comments and layout of a file do not change it.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use muster_client::Application;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::check::Check;

/// The most bytes of a name: the key on chain has as many.
const MAX_NAME: usize = 8;

/// Names that no document can have, and why.
const RESERVED: [(&str, &str); 3] = [
    ("0", "it is what `buyContract(redundancy, length)` buys"),
    ("tester", "it is the application of testers"),
    ("wasm1", "it is built in: its workers run jobs, and are tested with jobs"),
];

/// Why a document is none. Each text says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The name is reserved.
    #[error("the name {name:?} is reserved: {reason}; choose another name")]
    Reserved {
        /// The name.
        name: Box<str>,
        /// Why.
        reason: &'static str,
    },
    /// The name has other characters, or too many or none.
    #[error(
        "the name {0:?} must have 1 to {MAX_NAME} characters of a to z, A to Z, 0 to 9, dot, dash and underscore, and begin with a \
         to z or A to Z: it is the application's key on chain"
    )]
    Name(Box<str>),
    /// A field is empty.
    #[error("{0} is empty: {1}")]
    Empty(&'static str, &'static str),
    /// A path that is none.
    #[error("the path {0:?} must begin with a slash")]
    Path(Box<str>),
    /// A status that no gateway lets pass as an answer.
    #[error(
        "the status {0} must be from 200 to 499: an answer with another one has no receipt, so no worker could pass"
    )]
    Status(u16),
}

/// What an application is: its name, its version, what its services understand, and what a right answer is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawDocument")]
pub struct ApplicationDocument {
    /// The name, from which the key on chain comes.
    name: Box<str>,
    /// The version, in any form.
    version: Box<str>,
    /// What its services understand: the URL of a description, or a text.
    api: Box<str>,
    /// What a right request and answer are.
    check: Check,
}

/// The fields of a document, not checked yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocument {
    /// See [`ApplicationDocument`].
    name: Box<str>,
    /// See [`ApplicationDocument`].
    version: Box<str>,
    /// See [`ApplicationDocument`].
    api: Box<str>,
    /// See [`ApplicationDocument`].
    check: Check,
}

impl ApplicationDocument {
    /// The name.
    #[must_use]
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// The version.
    #[must_use]
    pub const fn version(&self) -> &str {
        &self.version
    }

    /// What its services understand: the URL of a description, or a text.
    #[must_use]
    pub const fn api(&self) -> &str {
        &self.api
    }

    /// What a right request and answer are.
    #[must_use]
    pub const fn check(&self) -> &Check {
        &self.check
    }

    /// The key on chain: the bytes of the name, and zeros.
    #[must_use]
    pub fn application(&self) -> Application {
        // A checked name is no hex and fits.
        self.name.parse().unwrap_or_default()
    }

    /// The canonical form, whose SHA-256 is the [digest](Self::digest).
    #[must_use]
    pub fn canonical(&self) -> String {
        // Features of serde_json decide whether its own maps are in order.
        let check: BTreeMap<_, _> = match serde_json::to_value(&self.check) {
            Ok(Value::Object(check)) => check.into_iter().collect(),
            _ => BTreeMap::new(),
        };
        let text = |text: &str| Value::from(text);
        let check = serde_json::to_string(&check).unwrap_or_default();
        let [api, name, version] = [&self.api, &self.name, &self.version].map(|field| text(field));
        format!(r#"{{"api":{api},"check":{check},"name":{name},"version":{version}}}"#)
    }

    /// The SHA-256 of the canonical form.
    #[must_use]
    pub fn digest(&self) -> B256 {
        B256::new(Sha256::digest(self.canonical()).into())
    }
}

impl TryFrom<RawDocument> for ApplicationDocument {
    type Error = DocumentError;

    fn try_from(raw: RawDocument) -> Result<Self, DocumentError> {
        let RawDocument { name, version, api, check } = raw;
        check_name(&name)?;
        for (field, text, expected) in [
            ("version", &version, "write the application's version, such as \"1\""),
            ("api", &api, "write the URL of a description, or what the service understands"),
        ] {
            if text.trim().is_empty() {
                return Err(DocumentError::Empty(field, expected));
            }
        }
        check_check(&check)?;
        Ok(Self { name, version, api, check })
    }
}

/// Checks a name.
fn check_name(name: &str) -> Result<(), DocumentError> {
    if let Some((_, reason)) = RESERVED.iter().find(|(reserved, _)| *reserved == name) {
        return Err(DocumentError::Reserved { name: name.into(), reason });
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if begins && name.len() <= MAX_NAME && name.chars().all(is_allowed) {
        Ok(())
    } else {
        Err(DocumentError::Name(name.into()))
    }
}

/// Checks that a worker can pass a check.
fn check_check(check: &Check) -> Result<(), DocumentError> {
    let paths: Vec<&String> = match check {
        Check::Factor => Vec::new(),
        Check::Http(page) => {
            if let Some(status) = page.status.filter(|status| !(200..500).contains(status)) {
                return Err(DocumentError::Status(status));
            }
            page.paths.iter().chain([&page.path]).collect()
        }
        Check::Command(command) => {
            if command.run.trim().is_empty() {
                return Err(DocumentError::Empty("run", "write the command that checks a service"));
            }
            vec![&command.path]
        }
    };
    match paths.into_iter().find(|path| !path.starts_with('/')) {
        Some(path) => Err(DocumentError::Path(path.as_str().into())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::b256;
    use serde_json::{Value, json};

    use super::{ApplicationDocument, DocumentError};

    /// A document whose field at a pointer has this value.
    fn with(pointer: &str, value: Value) -> Result<ApplicationDocument, String> {
        let mut document = json!({
            "name": "echo", "version": "1", "api": "GET / answers",
            "check": { "kind": "http", "path": "/", "contains": "hello" },
        });
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[field] = value;
        serde_json::from_value(document).map_err(|error| error.to_string())
    }

    #[test]
    fn the_canonical_form_and_the_digest_are_fixed() {
        let document = with("/version", json!("1")).unwrap();
        let canonical = r#"{"api":"GET / answers","check":{"contains":"hello","kind":"http","path":"/"},"name":"echo","version":"1"}"#;
        assert_eq!(document.canonical(), canonical);
        let digest = b256!("0x2b0594d90e8f2ccc3812005a8d6ab2ee02bcd34553f013143077f79579d10715");
        assert_eq!(document.digest(), digest);
        assert_eq!(document.application(), "echo".parse().unwrap());
        let again: ApplicationDocument = serde_json::from_str(canonical).unwrap();
        assert_eq!(again, document);
    }

    #[test]
    fn every_field_counts_in_the_digest() {
        let digest = |pointer: &str, value| with(pointer, value).unwrap().digest();
        let same = digest("/version", json!("1"));
        for (pointer, value) in [
            ("/name", json!("echo2")),
            ("/version", json!("2")),
            ("/api", json!("else")),
            ("/check/path", json!("/x")),
            ("/check/paths", json!(["/x"])),
            ("/check/post", json!("x")),
            ("/check/status", json!(200)),
            ("/check/contains", json!("bye")),
            ("/check/sha256", json!(same)),
        ] {
            assert_ne!(digest(pointer, value), same, "{pointer}");
        }
        assert_eq!(digest("/check/paths", json!([])), same, "what is left out is not there");
    }

    #[test]
    fn reserved_names_and_others_that_are_none_are_refused() {
        for (name, why) in [
            ("0", "buyContract"),
            ("tester", "of testers"),
            ("wasm1", "built in"),
            ("", "must have 1 to 8"),
            ("0x1234", "must have 1 to 8"),
            ("far-too-long", "must have 1 to 8"),
            ("a b", "must have 1 to 8"),
            ("é", "must have 1 to 8"),
        ] {
            let error = with("/name", json!(name)).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
        assert_eq!(with("/name", json!("a.b-c_9")).unwrap().application().to_string(), "a.b-c_9");
    }

    #[test]
    fn a_check_that_nobody_can_pass_and_unknown_fields_are_refused() {
        for (pointer, value, why) in [
            ("/check/status", json!(503), DocumentError::Status(503).to_string()),
            ("/check/path", json!("health"), DocumentError::Path("health".into()).to_string()),
            ("/check/paths", json!(["x"]), DocumentError::Path("x".into()).to_string()),
            (
                "/check",
                json!({ "kind": "command", "run": " ", "path": "/" }),
                "run is empty".into(),
            ),
            ("/version", json!(" "), "version is empty".into()),
            ("/api", json!(""), "api is empty".into()),
            ("/price", json!(1), "unknown field".into()),
            ("/check/pth", json!("/"), "unknown field".into()),
        ] {
            let error = with(pointer, value).unwrap_err();
            assert!(error.contains(&why), "{pointer}: {error}");
        }
    }
}
