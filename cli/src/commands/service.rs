//! `muster service`: components that workers run for the account.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod down;
mod list;
mod logs;
mod up;

/// Commands for services.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster service list --account dev:cleo")]
pub(crate) enum Command {
    /// Run a component on workers, and serve it on this machine until ctrl-c
    ///
    /// The component is of the world wasi:http/proxy of WASI 0.2. Workers run it in an agreement of the account that runs
    /// and has no service yet, or in one that is bought. The URL that is printed sends each request to a worker that runs
    /// it, and to another one if that fails. Testers are answered meanwhile. After ctrl-c the workers go on until
    /// `muster service down`, or the end of the agreement; the same command serves the same component again.
    ///
    /// With --keep, others are hired for workers that fail, leave or end, within --budget and until --until. Exits with 1
    /// if fewer than --replicas could be kept at the end, and at once if none is left.
    Up(Box<up::Options>),
    /// List the services, and the workers that run them
    List(list::Options),
    /// Show the last lines that a service has written at its workers
    Logs(logs::Options),
    /// End a service at its workers
    Down(down::Options),
}

impl Command {
    /// Whether it runs until it is told to end.
    pub(crate) const fn is_daemon(&self) -> bool {
        matches!(self, Self::Up(_))
    }
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Up(options) => up::run(context, *options).await,
        Command::List(options) => list::run(context, options).await,
        Command::Logs(options) => logs::run(context, options).await,
        Command::Down(options) => down::run(context, options).await,
    }
}
