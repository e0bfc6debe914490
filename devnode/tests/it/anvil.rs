//! The tables of Anvil's methods and flags in the README, compared with the code.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::Chain;

/// The README.
const README: &str = include_str!("../../README.md");

/// Number of methods of Anvil 1.7.1.
const METHODS: usize = 178;

/// Number of its flags.
const FLAGS: usize = 69;

/// The entries of a table of the README, each with what the second column says.
fn table(title: &str) -> BTreeMap<&'static str, &'static str> {
    let (_, section) = README.split_once(&format!("### {title}\n")).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("| `"));
    let rows = rows.take_while(|line| line.starts_with("| `"));
    let mut entries = BTreeMap::new();
    for row in rows {
        let mut columns = row.trim_matches('|').split(" | ");
        let (names, here) = (columns.next().unwrap(), columns.next().unwrap().trim());
        for name in names.split(", ") {
            let name = name.trim().trim_matches('`');
            assert!(entries.insert(name, here).is_none(), "{name} is there twice");
        }
    }
    entries
}

/// Whether the second column says that something is there.
fn is_there(here: &str) -> bool {
    assert!(
        here == "yes" || here.starts_with("differently: ") || here.starts_with("no: "),
        "{here}"
    );
    !here.starts_with("no: ")
}

#[tokio::test]
async fn the_table_of_methods_is_right() {
    let chain = Chain::start().await;
    let methods = table("Methods");
    assert_eq!(methods.len(), METHODS);
    for (method, here) in methods {
        // Arguments that no method takes, so that none does anything.
        let response = chain.request(method, json!({"none": "of them"})).await;
        let code = response["error"]["code"].as_i64();
        let expected = if is_there(here) { -32602 } else { -32601 };
        assert_eq!(code, Some(expected), "{method}: {response}");
    }
}

#[test]
fn the_table_of_flags_is_right() {
    let options = concat!(
        include_str!("../../src/command.rs"),
        include_str!("../../src/command/accounts.rs")
    );
    let binary = include_str!("../../src/bin/devnode.rs");
    let flags = table("Flags");
    assert_eq!(flags.len(), FLAGS);
    for (flag, here) in flags {
        let field = flag.trim_start_matches("--").replace('-', "_");
        let alias = format!("visible_alias = {:?}", flag.trim_start_matches("--"));
        let is_field = |source: &str| {
            source.lines().any(|line| {
                let line = line.trim_start().trim_start_matches("pub(super) ");
                line.starts_with(&format!("{field}: ")) || line.contains(&alias)
            })
        };
        // clap adds these two.
        let built_in = ["--help", "--version"].contains(&flag);
        assert_eq!(is_there(here), built_in || is_field(options) || is_field(binary), "{flag}");
    }
}
