//! `muster program check`: sizes and limits.

use std::path::{Path, PathBuf};

use clap::Args;
use muster_client::{CODE_LIMIT, check_no_panics};

use crate::commands::program::file::read_program;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster program check`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster program check --strict target/wasm32-unknown-unknown/release/agreement.wasm"
)]
pub(crate) struct Options {
    /// Compiled contracts (.wasm)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Fail too if a program leaves too little space for later changes, or if a module that is compiled with names
    /// contains a function that panics
    #[arg(long)]
    strict: bool,
}

/// Prints sizes, and fails at the first program that exceeds a limit.
pub(super) fn run(context: &Context, options: &Options) -> Result<(), CliError> {
    let rows = options.files.iter().map(|path| check_program(path, options.strict));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    context.print(&CommandOutput::default().table(Table::new(
        "programs",
        ["file", "raw", "rewritten", "compressed", "free", "pages", "data"],
        rows,
    )))
}

/// The sizes of one program.
fn check_program(path: &Path, strict: bool) -> Result<Vec<Cell>, CliError> {
    let (program, module) = read_program(path)?;
    let invalid = |source| CliError::Program { path: path.into(), source };
    program.check().map_err(invalid)?;
    if strict {
        program.check_budget().map_err(invalid)?;
        check_no_panics(&module).map_err(invalid)?;
    }
    let size = program.code().len();
    let (raw, rewritten) = program.wasm_sizes();
    Ok(vec![
        Cell::text(path.display()),
        Cell::size(raw),
        Cell::size(rewritten),
        Cell::size(size),
        Cell::size(CODE_LIMIT.saturating_sub(size)),
        Cell::count(program.pages()),
        Cell::size(program.data_size()),
    ])
}
