//! `muster market`: the market itself.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod show;

/// Commands about the market itself.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster market show")]
pub(crate) enum Command {
    /// Show the market's addresses, clock, constants and totals
    Show(show::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    let Command::Show(options) = command;
    show::run(context, options).await
}
