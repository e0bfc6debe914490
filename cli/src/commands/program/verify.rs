//! `muster program verify`: the program on chain against a compiled contract.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;

use crate::commands::program::file::read_program;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster program verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster program verify 0x8ba1f109551bD432803012645Ac136ddd64DBA72 \
        target/wasm32-unknown-unknown/release/dispatcher.wasm"
)]
pub(crate) struct Options {
    /// Address of the program
    #[arg(value_parser = parse::contract_address)]
    address: Address,

    /// Compiled contract (.wasm)
    file: PathBuf,
}

/// Compares, and fails if the code differs.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { address, file } = options;
    let (program, _) = read_program(&file)?;
    let code = context.node().await?.code(address).await?;
    if !program.matches_code(&code) {
        return Err(CliError::OtherProgram { address, file });
    }
    context.print(&CommandOutput::new([
        ("address", Cell::address(address)),
        ("file", Cell::text(file.display())),
        ("same", Cell::Flag(true)),
    ]))
}
