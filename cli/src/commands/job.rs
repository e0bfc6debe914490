//! `muster job`: the jobs of an account, as its state file has them.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod cancel;
mod fetch;
mod list;
mod show;
mod verify;

/// Commands for jobs.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster job list --account dev:cleo")]
pub(crate) enum Command {
    /// List the jobs
    List(list::Options),
    /// Show a job, and what workers answered
    Show(show::Options),
    /// Write the files that a job left
    Fetch(fetch::Options),
    /// Cancel a job at its workers
    Cancel(cancel::Options),
    /// Check signed results, and run their job on this machine to see who is right
    ///
    /// For a job of the account: exits with 0 if the agreed result is that of this machine. For a file of evidence, which anybody
    /// can check: exits with 0 if it holds, that is if every signature is valid, and a worker has signed two different
    /// results, or another one than this machine has.
    Verify(verify::Options),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::List(options) => list::run(context, options).await,
        Command::Show(options) => show::run(context, options).await,
        Command::Fetch(options) => fetch::run(context, options).await,
        Command::Cancel(options) => cancel::run(context, options).await,
        Command::Verify(options) => verify::run(context, options).await,
    }
}
