//! `muster program`: whether compiled contracts fit a chain and our own limits.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use client::{CODE_BUDGET, CODE_LIMIT, Program, check_no_panics};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Page, Rows, note};

/// What to do with programs.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Print sizes, and fail if a limit is broken
    Check {
        /// Compiled modules (.wasm)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Also fail if a module, compiled with names, contains a function that panics
        #[arg(long)]
        panic_free: bool,
    },
}

/// Looks at programs.
pub(crate) fn run(context: &Context, action: Action) -> Result<(), CliError> {
    let Action::Check { files, panic_free } = action;
    let rows = files.iter().map(|path| check(path, panic_free)).collect::<Result<Vec<_>, _>>()?;
    context.print(&Page::default().table(Rows::new(
        "programs",
        ["file", "raw", "rewritten", "compressed", "free", "pages", "data"],
        rows,
    )))
}

/// The sizes of one program.
fn check(path: &PathBuf, panic_free: bool) -> Result<Vec<Cell>, CliError> {
    let module = fs::read(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let wrong = |source| CliError::Program { path: path.clone(), source };
    let program = Program::from_wasm(&module).map_err(wrong)?;
    program.check().map_err(wrong)?;
    if panic_free {
        check_no_panics(&module).map_err(wrong)?;
    }
    let size = program.code().len();
    if program.is_over_budget() {
        let path = path.display();
        note(format!(
            "warning: {path} takes {size} bytes compressed, more than the {CODE_BUDGET} aimed at"
        ));
    }
    let (raw, rewritten) = program.wasm_sizes();
    Ok(vec![
        Cell::text(path.display()),
        Cell::text(raw),
        Cell::text(rewritten),
        Cell::text(size),
        Cell::text(CODE_LIMIT.saturating_sub(size)),
        Cell::count(program.pages()),
        Cell::text(program.data_size()),
    ])
}
