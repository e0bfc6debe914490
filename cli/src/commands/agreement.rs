//! `muster agreement`: what was agreed, how it goes, and how it ended.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod calls;
mod list;
mod show;
mod wait;

/// Commands about agreements.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster agreement list")]
pub(crate) enum Command {
    /// Show an agreement: terms, state, the calls that are open, reports, and settlement
    ///
    /// A call is open to whom `by` names, from a tick to another one; a dash stands for no end, or for what is not known yet. A
    /// seat is the right of one tester to judge the workers in one window.
    Show(show::Options),
    /// List all agreements of the market
    List(list::Options),
    /// Wait until an agreement reaches a window or a state, and fail if it cannot any more
    Wait(wait::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Show(options) => show::run(context, options).await,
        Command::List(options) => list::run(context, options).await,
        Command::Wait(options) => wait::run(context, options).await,
    }
}
