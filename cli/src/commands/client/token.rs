//! `muster client token`: who may use the local API.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod add;
mod list;
mod remove;

/// Commands about tokens of the local API.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  muster client token add ci --account dev:cleo --right read --right buy --limit 0.05eth --per day\n  \
        muster client token list --account dev:cleo"
)]
pub(crate) enum Command {
    /// Make a token, and print it once
    Add(add::Options),
    /// List the tokens: names, rights and limits
    List(list::Options),
    /// Remove a token, which is refused from then on
    Remove(remove::Options),
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(options) => add::run(context, options).await,
        Command::List(options) => list::run(context, options).await,
        Command::Remove(options) => remove::run(context, options).await,
    }
}
