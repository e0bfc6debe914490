//! `muster application`: documents that say what an application is.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod check;
mod new;
mod show;

/// Commands about application documents.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  muster application new echo\n  muster application check echo.toml http://127.0.0.1:3000"
)]
pub(crate) enum Command {
    /// Write a document to fill in
    New(new::Options),
    /// Check a document, and with a URL whether the service there passes its check
    Check(check::Options),
    /// Print what a document says, its key on chain and its digest
    Show(show::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::New(options) => new::run(context, options),
        Command::Check(options) => check::run(context, options).await,
        Command::Show(options) => show::run(context, options).await,
    }
}
