//! `muster key`: keystore files, in the V3 format of geth and cast.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use alloy::signers::k256::elliptic_curve::rand_core::OsRng;
use alloy::signers::local::PrivateKeySigner;
use clap::Subcommand;
use muster_client::message_key;

use crate::account::{self, PrivateKey};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Make a key and write it into a keystore that only its owner can read, sealed with the password of
    /// --password-file or `MUSTER_PASSWORD`
    New {
        /// The file, which must not be there
        file: PathBuf,
    },
    /// The same with a key that is read from standard input, as 64 hexadecimal digits
    Import {
        /// The file, which must not be there
        file: PathBuf,
    },
    /// Show the address and the key for messages of the account that commands sign as
    Show,
}

/// Makes, takes or shows a key.
pub(crate) fn run(context: &Context, action: Action) -> Result<(), CliError> {
    match action {
        Action::New { file } => write_keystore(context, &file, &PrivateKeySigner::random()),
        Action::Import { file } => {
            let mut text = String::new();
            io::stdin().read_line(&mut text).map_err(CliError::Input)?;
            let key: PrivateKey = text.parse().map_err(CliError::Key)?;
            write_keystore(context, &file, key.signer())
        }
        Action::Show => {
            let signer = account::signer(context.globals())?.ok_or(CliError::NoAccount)?;
            context.print(&key_output(&signer))
        }
    }
}

/// What everybody may know of a key.
fn key_output(signer: &PrivateKeySigner) -> CommandOutput {
    CommandOutput::new([
        ("account", Cell::text(signer.address())),
        ("message_key", Cell::text(message_key(signer))),
    ])
}

/// Seals a key into a new file.
fn write_keystore(
    context: &Context,
    file: &Path,
    signer: &PrivateKeySigner,
) -> Result<(), CliError> {
    let password = account::password(context.globals())?;
    // The file is its owner's alone before there is anything in it.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    made.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CliError::AlreadyExists(file.into()),
        _ => CliError::Write { path: file.into(), source },
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let name = file.file_name().and_then(|name| name.to_str());
    let key = signer.to_bytes();
    let sealed = PrivateKeySigner::encrypt_keystore(folder, &mut OsRng, key, password, name);
    if let Err(error) = sealed {
        // Whatever is in it is no keystore.
        drop(fs::remove_file(file));
        return Err(CliError::Keystore { path: file.into(), source: error.into() });
    }
    context.print(&key_output(signer).field("keystore", Cell::text(file.display())))
}
