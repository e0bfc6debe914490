//! `muster key new`: a random key in a keystore.

use std::path::PathBuf;

use alloy::signers::local::PrivateKeySigner;
use clap::Args;

use crate::commands::key::public::key_output;
use crate::context::Context;
use crate::error::CliError;
use crate::keys::create_keystore;
use crate::output::Cell;

/// Options of `muster key new`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster key new dan.json --password-file password")]
pub(crate) struct Options {
    /// Keystore file, which must not exist
    file: PathBuf,
}

/// Creates a key.
pub(super) fn run(context: &Context, options: &Options) -> Result<(), CliError> {
    let (file, signer) = (&options.file, PrivateKeySigner::random());
    create_keystore(file, &signer, &context.keystore_password()?)?;
    context.print(&key_output(&signer).field("keystore", Cell::text(file.display())))
}
