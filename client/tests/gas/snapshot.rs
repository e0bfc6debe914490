//! Compares measurements with the repository, or writes them there.

use std::path::PathBuf;

/// Set by `scripts/gas`: write the measurements instead of comparing them.
const WRITE_VARIABLE: &str = "MUSTER_GAS_WRITE";

/// A file of the repository.
fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// Compares a whole file with the measurement.
pub(crate) fn check_file(name: &str, measured: &str) {
    let written = std::fs::read_to_string(path(name)).unwrap_or_default();
    compare_or_write(name, &written, measured);
}

/// Compares a part of a file, between `<!-- part -->` and the next comment, with the measurement.
pub(crate) fn check_section(name: &str, part: &str, measured: &str) {
    let written = std::fs::read_to_string(path(name)).unwrap();
    let begin = format!("<!-- {part} -->\n");
    let (before, rest) = written.split_once(&begin).unwrap();
    let (_, after) = rest.split_once("\n<!--").unwrap();
    compare_or_write(name, &written, &format!("{before}{begin}\n{measured}\n<!--{after}"));
}

/// Compares, or writes.
fn compare_or_write(name: &str, written: &str, measured: &str) {
    if std::env::var_os(WRITE_VARIABLE).is_some() {
        std::fs::write(path(name), measured).unwrap();
        return;
    }
    let mut lines = written.lines().zip(measured.lines()).filter(|(was, is)| was != is);
    if let Some((was, is)) = lines.next() {
        panic!("{name} is not what was measured: run scripts/gas\nwritten:  {was}\nmeasured: {is}");
    }
    assert!(written == measured, "{name} is shorter or longer than measured: run scripts/gas");
}

/// A table: its head, and rows whose first cell is text and whose others are numbers.
pub(crate) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<_> = head.iter().map(|name| (*name).to_owned()).collect();
    let rule: Vec<_> =
        (0..head.len()).map(|at| if at == 0 { "---" } else { "---:" }.to_owned()).collect();
    rows.into_iter().fold(line(&names) + &line(&rule), |table, row| table + &line(&row))
}
