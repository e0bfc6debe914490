//! What docs/rules.md says about trust, in numbers: odds, prices and expectations, computed from the
//! rules themselves and compared with the page word for word.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::unwrap_used,
    reason = "counting, in numbers that hold every count; a test may stop at the first surprise"
)]

mod combinatorics;
mod costs;
mod honest;
mod majority;
mod play;

/// Where the tables are printed.
const RULES: &str = include_str!("../../../docs/rules.md");

/// Holds a table against the page.
fn assert_printed_in_rules(table: &str) {
    assert!(RULES.contains(table), "docs/rules.md should say:\n\n{table}");
}

/// A table of the page: its head, how many of its first columns are words, and its rows.
fn table(head: &[&str], words: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<_> = head.iter().map(|name| (*name).to_owned()).collect();
    let aligned = (0..head.len()).map(|column| if column < words { "---" } else { "---:" });
    let rule: Vec<_> = aligned.map(str::to_owned).collect();
    rows.into_iter().fold(line(&names) + &line(&rule), |table, row| table + &line(&row))
}
