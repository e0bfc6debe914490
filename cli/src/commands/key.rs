//! `muster key`: keys and keystore files.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod import;
mod new;
mod public;
mod show;

/// Commands about keys.
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  muster key new dan.json --password-file password")]
pub(crate) enum Command {
    /// Create a key in a new keystore file
    ///
    /// Only the owner can read the file. The password is that of --password-file, else the value of `MUSTER_PASSWORD`.
    New(new::Options),
    /// Read a key from standard input, as 64 hexadecimal digits, into a new keystore file
    ///
    /// Only the owner can read the file. The password is that of --password-file, else the value of `MUSTER_PASSWORD`.
    Import(import::Options),
    /// Show the address and the key for messages of the account that signs
    Show(show::Options),
}

/// Runs a command.
pub(crate) fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::New(options) => new::run(context, &options),
        Command::Import(options) => import::run(context, &options),
        Command::Show(options) => show::run(context, &options),
    }
}
