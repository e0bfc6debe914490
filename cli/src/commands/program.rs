//! `muster program`: whether compiled contracts fit a chain and our own limits.

use std::fs;
use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Subcommand;
use muster_client::{CODE_LIMIT, Program, check_no_panics};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// What to do with programs.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Print sizes, and fail if a limit is broken
    Check {
        /// Compiled modules (.wasm)
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Also fail if a program leaves too little room for later changes, or if a module, compiled with
        /// names, contains a function that panics
        #[arg(long)]
        strict: bool,
    },
    /// Fail unless the program at an address is the one in a compiled module
    Verify {
        /// Where the program is
        #[arg(value_parser = parse::contract_address)]
        address: Address,
        /// Compiled module (.wasm)
        file: PathBuf,
    },
}

/// Looks at programs.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    match action {
        Action::Check { files, strict } => {
            let rows = files
                .iter()
                .map(|path| check_program(path, strict))
                .collect::<Result<Vec<_>, _>>()?;
            context.print(&CommandOutput::default().table(Table::new(
                "programs",
                ["file", "raw", "rewritten", "compressed", "free", "pages", "data"],
                rows,
            )))
        }
        Action::Verify { address, file } => {
            let (program, _) = read_program(&file)?;
            let code = context.node().await?.code(address).await?;
            if !program.matches_code(&code) {
                return Err(CliError::OtherProgram { address, file });
            }
            context.print(&CommandOutput::new([
                ("address", Cell::text(address)),
                ("file", Cell::text(file.display())),
                ("same", Cell::Flag(true)),
            ]))
        }
    }
}

/// The program in a file, and the module that it was made from.
fn read_program(path: &PathBuf) -> Result<(Program, Vec<u8>), CliError> {
    let module = fs::read(path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    let wrong = |source| CliError::Program { path: path.clone(), source };
    Ok((Program::from_wasm(&module).map_err(wrong)?, module))
}

/// The sizes of one program.
fn check_program(path: &PathBuf, strict: bool) -> Result<Vec<Cell>, CliError> {
    let (program, module) = read_program(path)?;
    let wrong = |source| CliError::Program { path: path.clone(), source };
    program.check().map_err(wrong)?;
    if strict {
        program.check_budget().map_err(wrong)?;
        check_no_panics(&module).map_err(wrong)?;
    }
    let size = program.code().len();
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
