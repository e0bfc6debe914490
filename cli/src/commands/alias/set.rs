//! `muster alias set`.

use alloy::primitives::Address;
use clap::Args;

use crate::aliases::{AliasName, Aliases};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster alias set`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster alias set ada 0x8ba1f109551bD432803012645Ac136ddd64DBA72"
)]
pub(crate) struct Options {
    /// Name: A to Z, a to z, digits, `-` and `_`; the first is no digit or sign
    name: AliasName,

    /// Address: that of an account or a contract, or a dev account such as dev:alice
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    address: Address,
}

/// Sets a name.
pub(super) fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (mut aliases, path) = (Aliases::load()?, Aliases::path()?);
    let alias = Cell::text(options.name.as_ref());
    let previous = aliases.set(options.name, options.address);
    aliases.save(&path)?;
    context.print(&CommandOutput::new([
        ("alias", alias),
        ("address", Cell::address(options.address)),
        ("previous", previous.map_or(Cell::None, Cell::Address)),
        ("file", Cell::text(path.display())),
    ]))
}
