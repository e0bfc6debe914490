//! The tables of odds, prices and expectations in docs/rules.md: computed from the rules and compared with
//! the document character by character.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "the numbers are small enough, and a panic fails the test"
)]

mod alone;
mod client;
mod client_workers;
mod combinatorics;
mod costs;
mod document;
mod majority;
mod market;
mod prefixes;
mod presets;
mod receipts;
mod seats;
mod worker;

/// Asserts that docs/rules.md contains a table.
fn assert_printed_in_rules(table: &str) {
    document::assert_printed_in("rules.md", table);
}

/// A Markdown table: its header, the number of left-aligned columns at its start, and its rows.
fn table(
    header: &[&str],
    text_columns: usize,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let names: Vec<_> = header.iter().map(|name| (*name).to_owned()).collect();
    let aligned =
        (0..header.len()).map(|column| if column < text_columns { "---" } else { "---:" });
    let rule: Vec<_> = aligned.map(str::to_owned).collect();
    rows.into_iter().fold(line(&names) + &line(&rule), |table, row| table + &line(&row))
}
