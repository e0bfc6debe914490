//! Keystore files, in the V3 format of geth and cast.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use alloy::signers::k256::elliptic_curve::rand_core::OsRng;
use alloy::signers::local::PrivateKeySigner;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::{CliError, KeyError};

/// The variable with the password of keystores.
const PASSWORD_VARIABLE: &str = "MUSTER_PASSWORD";

/// Opens a keystore. The password is read after the file.
///
/// # Errors
/// [`CliError::Read`], [`KeyError::NotKeystore`], [`KeyError::NoPassword`], or [`KeyError::Keystore`] if the password
/// is wrong.
pub(crate) fn open_keystore(
    path: &Path,
    password_file: Option<&Path>,
) -> Result<PrivateKeySigner, CliError> {
    let text =
        fs::read_to_string(path).map_err(|source| CliError::Read { path: path.into(), source })?;
    let json: Option<Value> = serde_json::from_str(&text).ok();
    if json.and_then(|json| json.get("crypto").cloned()).is_none() {
        return Err(KeyError::NotKeystore(path.into()).into());
    }
    let password = read_password(password_file)?;
    PrivateKeySigner::decrypt_keystore(path, password.expose_secret())
        .map_err(|source| KeyError::Keystore { path: path.into(), source: source.into() }.into())
}

/// Encrypts a key into a new file, which only its owner can read.
///
/// # Errors
/// [`CliError::AlreadyExists`], [`CliError::Write`] or [`KeyError::Keystore`].
pub(crate) fn create_keystore(
    path: &Path,
    signer: &PrivateKeySigner,
    password: &SecretString,
) -> Result<(), CliError> {
    // The file gets its permissions before it has a content.
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CliError::AlreadyExists(path.into()),
        _ => CliError::Write { path: path.into(), source },
    })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().and_then(|name| name.to_str());
    let (key, password) = (signer.to_bytes(), password.expose_secret());
    let encrypted = PrivateKeySigner::encrypt_keystore(folder, &mut OsRng, key, password, name);
    if let Err(error) = encrypted {
        // Whatever is in the file is no keystore.
        drop(fs::remove_file(path));
        return Err(KeyError::Keystore { path: path.into(), source: error.into() }.into());
    }
    Ok(())
}

/// The password of keystores: from the file if one is given, else from the environment. Line ends at its end do not
/// belong to it.
///
/// # Errors
/// [`CliError::Read`], or [`KeyError::NoPassword`] if neither is given.
pub(crate) fn read_password(file: Option<&Path>) -> Result<SecretString, CliError> {
    let text: SecretString = match file {
        Some(path) => fs::read_to_string(path)
            .map_err(|source| CliError::Read { path: path.into(), source })?
            .into(),
        None => std::env::var(PASSWORD_VARIABLE).map_err(|_| KeyError::NoPassword)?.into(),
    };
    Ok(text.expose_secret().trim_end_matches(['\r', '\n']).into())
}
