//! `muster alias`: names for addresses.

use clap::Subcommand;

use crate::context::Context;
use crate::error::CliError;

mod list;
mod remove;
mod set;

/// Commands about names for addresses.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  muster alias set ada 0x8ba1f109551bD432803012645Ac136ddd64DBA72\n  muster alias list"
)]
pub(crate) enum Command {
    /// Give a name to an address, in place of the one that had it
    ///
    /// The name stands for the address wherever a command takes one, and tables show it beside the address. Names are kept in
    /// aliases.toml in the folder of the user's settings, ~/.config/muster.
    Set(set::Options),
    /// List all names
    List(list::Options),
    /// Remove a name
    Remove(remove::Options),
}

/// Runs a command.
pub(crate) fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Set(options) => set::run(context, options),
        Command::List(options) => list::run(context, options),
        Command::Remove(options) => remove::run(context, &options),
    }
}
