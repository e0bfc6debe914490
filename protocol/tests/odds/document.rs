//! The tables of a document: compared character by character, or written into it if `MUSTER_ODDS_WRITE` is set.

use std::path::Path;
use std::sync::Mutex;
use std::{env, fs};

/// Held while a document is read and written.
static WRITING: Mutex<()> = Mutex::new(());

/// Asserts that a document in `docs` contains a table. Prints the table.
#[expect(clippy::print_stdout, reason = "scripts/odds shows all tables")]
pub(crate) fn assert_printed_in(document: &str, table: &str) {
    println!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(document);
    let guard = WRITING.lock();
    let mut text = fs::read_to_string(&path).unwrap();
    if env::var_os("MUSTER_ODDS_WRITE").is_some() {
        text = with_table(&text, table);
        fs::write(&path, &text).unwrap();
    }
    drop(guard);
    let found = text.contains(&format!("\n\n{table}\n"));
    assert!(found, "docs/{document} should say:\n\n{table}");
}

/// The text with this table instead of the one with the same header.
fn with_table(text: &str, table: &str) -> String {
    let header = table.lines().next().unwrap();
    let at = text.find(header).unwrap();
    let (before, old) = text.split_at(at);
    let rest = old.find("\n\n").map_or("\n", |end| &old[end + 1..]);
    format!("{before}{table}{rest}")
}
