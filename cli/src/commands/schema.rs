//! `muster schema`: the JSON Schema of what commands print with --json.

use clap::Args;

use crate::error::CliError;
use crate::output::print_line;
use crate::output::schema::schema;

/// Options of `muster schema`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster schema")]
pub(crate) struct Options {}

/// Prints the schema, with --json or without.
pub(crate) fn run(Options {}: Options) -> Result<(), CliError> {
    print_line(&format!("{:#}", schema()))
}
