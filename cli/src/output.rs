//! Answers: one description, printed as tables for people or as JSON for programs.

use std::fmt::Display;
use std::io::{self, Write};

use alloy::primitives::U256;
use muster_client::{Ether, Receipt};
use serde_json::{Map, Value};

use crate::error::CliError;
use crate::table_layout;

/// One value of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Nothing is known.
    None,
    /// A text, an address, a hash.
    Text(String),
    /// A count, a tick, a number.
    Count(u64),
    /// Wei; in JSON a decimal string, because many readers of JSON have no such large numbers.
    Wei(U256),
    /// Yes or no.
    Flag(bool),
}

impl Cell {
    /// A text from anything that prints.
    pub(crate) fn text(value: impl Display) -> Self {
        Self::Text(value.to_string())
    }

    /// An amount in wei.
    pub(crate) fn wei(value: u128) -> Self {
        Self::Wei(U256::from(value))
    }

    /// A number.
    pub(crate) fn count(value: impl Into<u64>) -> Self {
        Self::Count(value.into())
    }

    /// For people.
    fn to_text(&self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Wei(wei) => Ether::from(*wei).to_string(),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
        }
    }

    /// For programs.
    fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) => Value::from(text.as_str()),
            Self::Count(count) => Value::from(*count),
            Self::Wei(wei) => Value::from(wei.to_string()),
            Self::Flag(flag) => Value::from(*flag),
        }
    }
}

/// Named values, in order.
pub(crate) type Fields = Vec<(&'static str, Cell)>;

/// Rows of values under the same names.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What they are.
    name: &'static str,
    /// What each column is.
    columns: Vec<&'static str>,
    /// The values.
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// Rows that are called so, in these columns.
    pub(crate) fn new(
        name: &'static str,
        columns: impl IntoIterator<Item = &'static str>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> Self {
        let (columns, rows) = (columns.into_iter().collect(), rows.into_iter().collect());
        Self { name, columns, rows }
    }
}

/// An answer: facts, then tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandOutput {
    /// Single values.
    fields: Fields,
    /// Tables.
    tables: Vec<Table>,
}

impl CommandOutput {
    /// An answer with these facts.
    pub(crate) fn new(facts: impl IntoIterator<Item = (&'static str, Cell)>) -> Self {
        Self { fields: facts.into_iter().collect(), tables: Vec::new() }
    }

    /// The answer, and one more fact.
    pub(crate) fn field(mut self, name: &'static str, value: Cell) -> Self {
        self.fields.push((name, value));
        self
    }

    /// The answer, and what a transaction did.
    pub(crate) fn transaction(self, receipt: &Receipt) -> Self {
        self.field("transaction", Cell::text(receipt.transaction))
            .field("block", Cell::Count(receipt.block))
            .field("gas", Cell::Count(receipt.gas_used))
    }

    /// The answer, and a table.
    pub(crate) fn table(mut self, rows: Table) -> Self {
        self.tables.push(rows);
        self
    }

    /// Prints it to standard output.
    pub(crate) fn print(&self, json: bool) -> Result<(), CliError> {
        let text = if json {
            format!("{:#}", self.to_json())
        } else {
            self.to_text(table_layout::terminal_width())
        };
        print_text(text.trim_end())
    }

    /// For people: facts one below the other, then each table under its name.
    fn to_text(&self, width: Option<usize>) -> String {
        let mut parts = Vec::new();
        if !self.fields.is_empty() {
            let facts = self.fields.iter().map(|(name, cell)| (spaced(name), cell.to_text()));
            parts.push(table_layout::key_value_lines(&facts.collect::<Vec<_>>(), width));
        }
        for table in &self.tables {
            if table.rows.is_empty() {
                parts.push(format!("no {}", spaced(table.name)));
                continue;
            }
            let columns: Vec<_> = table.columns.iter().map(|name| spaced(name)).collect();
            let rows = table.rows.iter().map(|row| row.iter().map(Cell::to_text).collect());
            let body = table_layout::table(&columns, &rows.collect::<Vec<_>>(), width);
            let alone = self.fields.is_empty() && self.tables.len() == 1;
            parts.push(if alone { body } else { format!("{}:\n{body}", spaced(table.name)) });
        }
        parts.join("\n\n")
    }

    /// For programs: an object with the facts and, for each table, a list of objects.
    fn to_json(&self) -> Value {
        let object = |facts: &[(&'static str, Cell)]| -> Map<String, Value> {
            facts.iter().map(|(name, cell)| ((*name).to_owned(), cell.to_json())).collect()
        };
        let mut page = object(&self.fields);
        for table in &self.tables {
            let rows = table.rows.iter().map(|row| {
                let row: Vec<_> = table.columns.iter().copied().zip(row.iter().cloned()).collect();
                Value::from(object(&row))
            });
            page.insert(table.name.to_owned(), rows.collect());
        }
        Value::from(page)
    }
}

/// Facts in a line for people, or as one line of JSON.
pub(crate) fn print_event_line(name: &str, facts: &Fields, json: bool) -> Result<(), CliError> {
    if json {
        let page =
            CommandOutput::new([("event", Cell::text(name))].into_iter().chain(facts.clone()));
        return print_text(&page.to_json().to_string());
    }
    let facts = facts.iter().map(|(name, cell)| format!("{}={}", name, cell.to_text()));
    let words: Vec<_> = [name.to_owned()].into_iter().chain(facts).collect();
    print_text(&table_layout::wrapped_line(&words, table_layout::terminal_width()))
}

/// Prints a line to standard output.
pub(crate) fn print_text(text: &str) -> Result<(), CliError> {
    writeln!(io::stdout(), "{text}").map_err(CliError::Output)
}

/// Says something on standard error that is no result.
pub(crate) fn print_note(text: impl Display) {
    // If standard error is closed, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says on standard error what went wrong, in one line whatever a node answered.
pub(crate) fn print_error(error: &CliError) {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match error.advice() {
        Some(advice) => print_note(format!("error: {text} ({advice})")),
        None => print_note(format!("error: {text}")),
    }
}

/// A name as people write it.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::{Cell, CommandOutput, Table};

    /// Every kind of value.
    fn sample_output() -> CommandOutput {
        let rows =
            [vec![Cell::count(1_u8), Cell::Flag(true)], vec![Cell::count(20_u8), Cell::None]];
        CommandOutput::new([("worker_name", Cell::text("alice")), ("price", Cell::Wei(U256::MAX))])
            .table(Table::new("windows", ["window", "served"], rows))
    }

    #[test]
    fn people_get_aligned_lines() {
        let page = CommandOutput {
            fields: vec![("worker_name", Cell::text("alice")), ("price", Cell::wei(7))],
            ..sample_output()
        };
        let text = "worker name  alice\nprice        7wei\n\nwindows:\nwindow  served\n1       yes\n20      -";
        assert_eq!(page.to_text(None), text);
    }

    #[test]
    fn programs_get_every_digit() {
        let json = sample_output().to_json();
        assert_eq!(json["worker_name"], "alice");
        assert_eq!(json["price"], U256::MAX.to_string());
        assert_eq!(json["windows"][0]["served"], true);
        assert_eq!(json["windows"][1]["window"], 20);
        assert!(json["windows"][1]["served"].is_null());
    }
}
