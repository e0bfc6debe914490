//! `muster alias list`.

use clap::Args;

use crate::aliases::Aliases;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster alias list`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster alias list")]
pub(crate) struct Options {}

/// Lists all names.
pub(super) fn run(context: &Context, Options {}: Options) -> Result<(), CliError> {
    let aliases = Aliases::load()?;
    let rows = aliases.iter().map(|(name, address)| vec![Cell::text(name), Cell::address(address)]);
    let table = Table::new("aliases", ["alias", "address"], rows);
    context.print(&CommandOutput::default().table(table))
}
