//! `muster key show`: the account that signs.

use clap::Args;

use crate::commands::key::public::key_output;
use crate::context::Context;
use crate::error::{CliError, KeyError};

/// Options of `muster key show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster key show --keystore dan.json --password-file password")]
pub(crate) struct Options {}

/// Shows the account. It asks no node, so it knows no default account.
pub(super) fn run(context: &Context, Options {}: &Options) -> Result<(), CliError> {
    let signer = context.configured_signer()?.ok_or(KeyError::NoAccount)?;
    context.print(&key_output(&signer))
}
