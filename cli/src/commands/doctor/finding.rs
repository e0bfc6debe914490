//! What checks found.

use std::fmt::Display;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table, print_line};

/// What one check found.
#[derive(Debug)]
struct Finding {
    /// What was checked.
    check: &'static str,
    /// What was found.
    found: String,
    /// What to do, if that is wrong.
    advice: Option<String>,
}

/// What all checks found, in order.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// Adds a check that found what is needed.
    pub(super) fn ok(&mut self, check: &'static str, found: impl Display) {
        self.0.push(Finding { check, found: found.to_string(), advice: None });
    }

    /// Adds a check that found something wrong, and what to do.
    pub(super) fn wrong(&mut self, check: &'static str, found: impl Display, advice: impl Display) {
        let advice = Some(advice.to_string());
        self.0.push(Finding { check, found: found.to_string(), advice });
    }

    /// Adds a check that failed with this error.
    pub(super) fn failed(&mut self, check: &'static str, error: &CliError) {
        let advice = error.advice().unwrap_or("the text says what is wrong");
        self.wrong(check, error, advice);
    }

    /// Prints a line for each check.
    ///
    /// # Errors
    /// [`CliError::Unready`] if something is wrong.
    pub(super) fn print(&self, context: &Context) -> Result<(), CliError> {
        let wrong = self.0.iter().filter(|finding| finding.advice.is_some()).count();
        if context.is_json() {
            let rows = self.0.iter().map(|finding| {
                vec![
                    Cell::text(finding.check),
                    Cell::Flag(finding.advice.is_none()),
                    Cell::text(&finding.found),
                    finding.advice.as_ref().map_or(Cell::None, Cell::text),
                ]
            });
            let columns = ["check", "ok", "found", "advice"];
            context.print(&CommandOutput::default().table(Table::new("checks", columns, rows)))?;
        } else {
            for Finding { check, found, advice } in &self.0 {
                match advice {
                    None => print_line(&format!("ok     {check}: {found}"))?,
                    Some(advice) => print_line(&format!("WRONG  {check}: {found}: {advice}"))?,
                }
            }
        }
        if wrong == 0 { Ok(()) } else { Err(CliError::Unready { wrong, all: self.0.len() }) }
    }
}
