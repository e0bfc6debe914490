//! `muster key import`: an existing key in a keystore.

use std::io;
use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

use crate::commands::key::public::key_output;
use crate::context::Context;
use crate::error::{CliError, KeyError};
use crate::keys::{create_keystore, parse_private_key};
use crate::output::Cell;

/// Options of `muster key import`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster key import dan.json --password-file password")]
pub(crate) struct Options {
    /// Keystore file, which must not exist
    file: PathBuf,
}

/// Reads a key from standard input.
pub(super) fn run(context: &Context, options: &Options) -> Result<(), CliError> {
    let mut text = String::new();
    io::stdin().read_line(&mut text).map_err(CliError::Input)?;
    let signer = parse_private_key(&SecretString::from(text)).map_err(|_| KeyError::Invalid)?;
    let file = &options.file;
    create_keystore(file, &signer, &context.keystore_password()?)?;
    context.print(&key_output(&signer).field("keystore", Cell::text(file.display())))
}
