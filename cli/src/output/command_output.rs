//! The result of a command: fields and tables, printed for people or as JSON for programs.

use std::fmt::Display;
use std::io::{self, Write};

use muster_client::Receipt;
use serde_json::{Map, Value, json};

use crate::error::CliError;
use crate::output::cell::Cell;
use crate::output::table_layout;

/// Named values, in order.
pub(crate) type Fields = Vec<(&'static str, Cell)>;

/// Rows of values under the same names.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Title of the table, and its key in JSON.
    name: &'static str,
    /// Title of each column, and its key in JSON.
    columns: Vec<&'static str>,
    /// A value for each column.
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with this title and these columns.
    pub(crate) fn new(
        name: &'static str,
        columns: impl IntoIterator<Item = &'static str>,
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> Self {
        let (columns, rows) = (columns.into_iter().collect(), rows.into_iter().collect());
        Self { name, columns, rows }
    }
}

/// The result of a command: fields, then tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandOutput {
    /// Single values.
    fields: Fields,
    /// Tables.
    tables: Vec<Table>,
}

impl CommandOutput {
    /// A result with these fields.
    pub(crate) fn new(fields: impl IntoIterator<Item = (&'static str, Cell)>) -> Self {
        Self { fields: fields.into_iter().collect(), tables: Vec::new() }
    }

    /// Adds a field.
    pub(crate) fn field(mut self, name: &'static str, value: Cell) -> Self {
        self.fields.push((name, value));
        self
    }

    /// Adds hash, block and gas of a transaction.
    pub(crate) fn transaction(self, receipt: &Receipt) -> Self {
        self.field("transaction", Cell::text(receipt.transaction))
            .field("block", Cell::Count(receipt.block))
            .field("gas", Cell::Count(receipt.gas_used))
    }

    /// Adds a table.
    pub(crate) fn table(mut self, rows: Table) -> Self {
        self.tables.push(rows);
        self
    }

    /// Prints the result to standard output.
    pub(crate) fn print(&self, json: bool) -> Result<(), CliError> {
        let text = if json {
            format!("{:#}", self.to_json())
        } else {
            self.to_text(table_layout::terminal_width())
        };
        print_line(text.trim_end())
    }

    /// The result for people, as a text.
    pub(crate) fn text(&self) -> String {
        self.to_text(table_layout::terminal_width()).trim_end().to_owned()
    }

    /// The result for people: a field a line, then each table under its title.
    fn to_text(&self, width: Option<usize>) -> String {
        let mut parts = Vec::new();
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|(name, cell)| (spaced(name), cell.to_text()));
            parts.push(table_layout::key_value_lines(&fields.collect::<Vec<_>>(), width));
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

    /// The result for programs: an object with the fields and, for each table, a list of objects.
    fn to_json(&self) -> Value {
        let object = |fields: &[(&'static str, Cell)]| -> Map<String, Value> {
            fields.iter().map(|(name, cell)| ((*name).to_owned(), cell.to_json())).collect()
        };
        let mut output = object(&self.fields);
        for table in &self.tables {
            let rows = table.rows.iter().map(|row| {
                let row: Vec<_> = table.columns.iter().copied().zip(row.iter().cloned()).collect();
                Value::from(object(&row))
            });
            output.insert(table.name.to_owned(), rows.collect());
        }
        Value::from(output)
    }
}

/// Prints an event with its fields in one line, as JSON or for people.
pub(crate) fn print_event_line(name: &str, fields: &Fields, json: bool) -> Result<(), CliError> {
    if json {
        let output =
            CommandOutput::new([("event", Cell::text(name))].into_iter().chain(fields.clone()));
        return print_line(&output.to_json().to_string());
    }
    let fields = fields.iter().map(|(name, cell)| format!("{}={}", name, cell.to_text()));
    let words: Vec<_> = [name.to_owned()].into_iter().chain(fields).collect();
    print_line(&table_layout::wrapped_line(&words, table_layout::terminal_width()))
}

/// Prints a text and the end of its line to standard output.
pub(crate) fn print_line(text: &str) -> Result<(), CliError> {
    writeln!(io::stdout(), "{text}").map_err(CliError::Output)
}

/// Prints a line to standard error that is no result.
pub(crate) fn print_note(text: impl Display) {
    // Nobody reads a closed standard error.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints an error and what to do about it to standard error: in one line whatever a node answered, or as a JSON object.
pub(crate) fn print_error(error: &CliError, json: bool) {
    let text = error.to_string();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match error.advice() {
        advice if json => print_json_error(&text, advice),
        Some(advice) => print_note(format!("error: {text} ({advice})")),
        None => print_note(format!("error: {text}")),
    }
}

/// Prints an error, and what to do about it, to standard error as a JSON object.
pub(crate) fn print_json_error(error: &str, advice: Option<&str>) {
    print_note(json!({ "error": error.trim_end(), "advice": advice }));
}

/// A key of JSON as a title.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use alloy::primitives::U256;

    use super::{CommandOutput, Table};
    use crate::output::cell::Cell;

    /// Every kind of value.
    fn sample_output() -> CommandOutput {
        let rows =
            [vec![Cell::count(1_u8), Cell::Flag(true)], vec![Cell::count(20_u8), Cell::None]];
        CommandOutput::new([("worker_name", Cell::text("alice")), ("price", Cell::Wei(U256::MAX))])
            .table(Table::new("windows", ["window", "served"], rows))
    }

    #[test]
    fn people_get_aligned_lines() {
        let output = CommandOutput {
            fields: vec![("worker_name", Cell::text("alice")), ("price", Cell::wei(7))],
            ..sample_output()
        };
        let text = "worker name  alice\nprice        7wei\n\nwindows:\nwindow  served\n1       yes\n20      -";
        assert_eq!(output.to_text(None), text);
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
