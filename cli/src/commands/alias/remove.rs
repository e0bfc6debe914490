//! `muster alias remove`.

use clap::Args;

use crate::aliases::{AliasName, Aliases};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// Options of `muster alias remove`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster alias remove ada")]
pub(crate) struct Options {
    /// Name
    name: AliasName,
}

/// Removes a name.
pub(super) fn run(context: &Context, options: &Options) -> Result<(), CliError> {
    let (mut aliases, name) = (Aliases::load()?, options.name.as_ref());
    let Some(address) = aliases.remove(&options.name) else {
        return Err(CliError::NoAlias(name.into()));
    };
    aliases.save(&Aliases::path()?)?;
    context.print(&CommandOutput::new([
        ("alias", Cell::text(name)),
        ("address", Cell::address(address)),
    ]))
}
