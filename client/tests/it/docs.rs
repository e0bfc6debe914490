//! Completeness: every error, every reason and every event has a test, and every test that the docs
//! name exists.

use std::fs;
use std::path::{Path, PathBuf};

use muster_client::protocol::abi::IWorkAgreement::{IWorkAgreementErrors, IWorkAgreementEvents};
use muster_client::protocol::abi::IWorkerDispatcher::{
    IWorkerDispatcherErrors, IWorkerDispatcherEvents,
};
use muster_client::protocol::abi::Reason;

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust sources in a folder.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// The sources of the tests: all but their imports, the harness, and this file.
fn test_sources() -> String {
    let files = sources(&root().join("client/tests/it")).into_iter();
    let tests = files.filter(|(path, _)| {
        let is_harness = path.components().any(|part| part.as_os_str() == "harness");
        !is_harness && !path.ends_with("docs.rs")
    });
    let bodies = tests.map(|(_, text)| {
        let mut imports = false;
        let lines = text.lines().filter(|line| {
            imports |= line.starts_with("use ");
            let keep = !imports;
            imports &= !line.ends_with(';');
            keep
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    bodies.collect::<Vec<_>>().join("\n")
}

/// Those of `names` that no expectation in the tests constructs: as a value of that type with its
/// fields, or as the type by which a log is decoded.
fn missing_from_tests(signatures: &[&'static str]) -> Vec<&'static str> {
    let sources = test_sources();
    let name = |signature: &&'static str| signature.split('(').next().unwrap();
    let is_tested = |name: &&str| {
        let marks = [format!("{name} {{"), format!("<{name}>")];
        marks.iter().any(|mark| {
            let mut places = sources.match_indices(mark.as_str());
            places.any(|(at, _)| !sources[..at].ends_with(|before: char| before.is_alphanumeric()))
        })
    };
    signatures.iter().map(name).filter(|name| !is_tested(name)).collect()
}

#[test]
fn every_contract_error_is_tested() {
    let none: [&str; 0] = [];
    assert_eq!(missing_from_tests(IWorkAgreementErrors::SIGNATURES), none);
    assert_eq!(missing_from_tests(IWorkerDispatcherErrors::SIGNATURES), none);
}

#[test]
fn every_event_is_tested() {
    let none: [&str; 0] = [];
    assert_eq!(missing_from_tests(IWorkAgreementEvents::SIGNATURES), none);
    assert_eq!(missing_from_tests(IWorkerDispatcherEvents::SIGNATURES), none);
}

#[test]
fn every_purchase_refusal_reason_is_tested() {
    let (sources, mut count) = (test_sources(), 0);
    for reason in (0..=u8::MAX).map_while(|number| Reason::try_from(number).ok()) {
        let name = format!("Reason::{reason:?}");
        assert!(sources.contains(&name), "{name}");
        count += 1;
    }
    assert_eq!(count, 13);
}

/// The text between single asterisks in a document: the file of a test or none, and its name.
fn referenced_tests(doc: &str) -> Vec<(Option<String>, String)> {
    let doc = doc.replace("**", "");
    let spans = doc.split('*').skip(1).step_by(2);
    let flat = spans.map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
    flat.map(|span| match span.split_once(": ") {
        Some((file, name)) => (Some(file.to_owned()), name.to_owned()),
        None => (None, span),
    })
    .collect()
}

/// Whether a test of that name, or with that prefix, is in the file or folder of that name.
fn test_exists(sources: &[(PathBuf, String)], file: Option<&str>, name: &str) -> bool {
    let function = match name.strip_suffix('…') {
        Some(front) => format!("fn {}", front.replace(' ', "_")),
        None => format!("fn {}(", name.replace(' ', "_")),
    };
    sources.iter().any(|(path, text)| {
        let here = file.is_none_or(|file| {
            path.with_extension("").components().any(|part| part.as_os_str() == file)
        });
        here && text.contains(&function)
    })
}

#[test]
fn every_test_named_in_the_docs_exists() {
    let sources = sources(&root());
    let own_helpers = "docs/decisions/0019-our-own-where-a-crate-exists.md";
    for doc in ["docs/rules.md", "docs/security.md", own_helpers] {
        let text = fs::read_to_string(root().join(doc)).unwrap();
        let missing: Vec<_> = referenced_tests(&text)
            .into_iter()
            .filter(|(file, name)| !test_exists(&sources, file.as_deref(), name))
            .collect();
        assert!(missing.is_empty(), "{doc} names tests that do not exist: {missing:#?}");
    }
}
