//! The files in `operations/`: what they start parses, and what they name is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use serde_yaml_ng::Value;

use super::{Cli, words};

/// A file or folder in `operations/`.
fn operations(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../operations").join(path)
}

/// The text of a file in `operations/`.
fn text(path: &str) -> String {
    fs::read_to_string(operations(path)).unwrap()
}

/// The settings of a file with a `NAME=VALUE` in each line.
fn settings(path: &str) -> BTreeMap<String, String> {
    let text = text(path);
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '[']));
    let pairs = lines.map(|line| line.split_once('=').unwrap_or_else(|| panic!("{path}: {line}")));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Asserts that the command takes these words.
fn assert_parses(place: &str, line: &[String]) {
    let parsed = Cli::command().try_get_matches_from(line);
    parsed.unwrap_or_else(|error| panic!("{place}: {line:?}: {error}"));
}

/// Asserts that the command knows these environment variables.
fn assert_known<'a>(place: &str, names: impl Iterator<Item = &'a String>) {
    let cli = Cli::command();
    let known: BTreeSet<_> =
        cli.get_arguments().filter_map(|argument| argument.get_env()).collect();
    for name in names.filter(|name| name.starts_with("MUSTER_")) {
        assert!(known.contains(OsStr::new(name)), "{place}: {name}");
    }
}

#[test]
fn units_of_systemd_start_commands_that_parse() {
    for role in ["worker", "tester", "client", "relay"] {
        let file = format!("systemd/muster-{role}.service");
        let unit = settings(&file);
        let given = settings(&format!("systemd/{role}.env"));
        assert_known(&file, given.keys());
        assert_eq!(unit["EnvironmentFile"], format!("/etc/muster/{role}.env"), "{file}");
        let line = unit["ExecStart"].strip_prefix("/usr/local/bin/").unwrap();
        assert_parses(&file, &words(&line.replace("$OPTIONS", &given["OPTIONS"])));
        for section in ["[Unit]", "[Service]", "[Install]"] {
            assert_eq!(text(&file).matches(section).count(), 1, "{file}: {section}");
        }
    }
}

/// The texts of a list.
fn strings(list: &Value) -> Vec<String> {
    let items = list.as_sequence().unwrap().iter();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn services_of_compose_start_commands_that_parse_and_name_files_that_exist() {
    let mut compose: Value = serde_yaml_ng::from_str(&text("container/compose.yaml")).unwrap();
    compose.apply_merge().unwrap();
    let services = compose["services"].as_mapping().unwrap();
    let own = services.iter().filter(|(_, service)| service["image"] == "muster");
    let mut found = BTreeSet::new();
    for (name, service) in own {
        let name = name.as_str().unwrap();
        found.insert(name);
        let mut line = vec!["muster".to_owned()];
        line.extend(strings(&service["command"]));
        assert_parses(name, &line);
        if let Some(file) = service.get("env_file") {
            for file in strings(file) {
                assert_known(name, settings(&format!("container/{file}")).keys());
            }
        }
        for secret in service.get("secrets").map(strings).unwrap_or_default() {
            assert!(compose["secrets"].get(&secret).is_some(), "{name}: {secret}");
        }
        for volume in service.get("volumes").map(strings).unwrap_or_default() {
            let (source, _) = volume.split_once(':').unwrap();
            assert!(compose["volumes"].get(source).is_some(), "{name}: {source}");
        }
    }
    assert_eq!(found, BTreeSet::from(["relay", "tester", "worker"]));
    for volume in strings(&services["prometheus"]["volumes"]) {
        let (file, _) = volume.split_once(':').unwrap();
        assert!(operations("container").join(file).is_file(), "{file}");
    }
}

#[test]
fn the_image_is_made_of_known_instructions_and_runs_the_command() {
    let text = text("container/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let instructions: Vec<_> = lines.map(|line| line.split_once(' ').unwrap()).collect();
    let known = [
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "FROM",
        "RUN",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];
    assert!(instructions.iter().all(|(name, _)| known.contains(name)), "{instructions:?}");
    let last = |wanted: &str| {
        let (_, value) = instructions.iter().rfind(|(name, _)| *name == wanted).unwrap();
        serde_json::from_str::<Vec<String>>(value).unwrap()
    };
    assert_eq!((last("ENTRYPOINT"), last("CMD")), (vec!["muster".into()], vec!["help".into()]));
    let toolchain = fs::read_to_string(operations("../rust-toolchain.toml")).unwrap();
    let (_, build) = instructions.iter().find(|(name, _)| *name == "FROM").unwrap();
    let version = build.split([':', '-']).nth(1).unwrap();
    assert!(toolchain.contains(version), "{build}: {toolchain}");
}

#[test]
fn alerts_are_about_documented_metrics() {
    let documented = fs::read_to_string(operations("../docs/operations.md")).unwrap();
    let alerts: Value = serde_yaml_ng::from_str(&text("prometheus/alerts.yml")).unwrap();
    let rules = alerts["groups"][0]["rules"].as_sequence().unwrap();
    let mut count = 0;
    for rule in rules {
        let expression = rule["expr"].as_str().unwrap();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for name in expression.split(|c| !is_name(c)).filter(|name| name.starts_with("muster_")) {
            assert!(documented.contains(&format!("| `{name}` |")), "{name}");
            count += 1;
        }
    }
    assert!(count >= 8, "{count}");
}
