//! `muster program`: compiled contracts against a chain and our own limits.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod check;
mod file;
mod verify;

/// Commands about compiled contracts.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  muster program check target/wasm32-unknown-unknown/release/dispatcher.wasm"
)]
pub(crate) enum Command {
    /// Print the sizes of compiled contracts, and fail if one exceeds a limit
    Check(check::Options),
    /// Compare the program at an address with a compiled contract, and fail if they differ
    Verify(verify::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Check(options) => check::run(context, &options),
        Command::Verify(options) => verify::run(context, options).await,
    }
}
