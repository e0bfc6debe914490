//! The markets deployed from this folder, by chain: `deploy` records them, all other commands read them.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;

use crate::error::CliError;

/// Dispatchers by chain id.
type Deployments = BTreeMap<u64, Address>;

/// The file with the record.
fn file_path() -> PathBuf {
    Path::new(".muster").join("market.json")
}

/// The market on a chain.
///
/// # Errors
/// [`CliError::NoMarket`] if none is recorded, or those of reading the file.
pub(crate) fn dispatcher_on(chain_id: u64) -> Result<Address, CliError> {
    let path = file_path();
    let market = read(&path)?.get(&chain_id).copied();
    market.ok_or(CliError::NoMarket { chain_id, path })
}

/// Records the market on a chain in place of the one before, and returns the file.
pub(crate) fn save_dispatcher(chain_id: u64, dispatcher: Address) -> Result<PathBuf, CliError> {
    let path = file_path();
    let mut markets = read(&path)?;
    markets.insert(chain_id, dispatcher);
    write(&path, &markets)?;
    Ok(path)
}

/// The record; empty if there is no file.
fn read(path: &Path) -> Result<Deployments, CliError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Deployments::new()),
        Err(source) => return Err(CliError::Read { path: path.into(), source }),
    };
    serde_json::from_str(&text).map_err(|error| CliError::BadFile {
        path: path.into(),
        line: error.line(),
        expected: "expected an object of chain ids and addresses",
    })
}

/// Writes the file, and creates its folder.
fn write(path: &Path, markets: &Deployments) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(markets).unwrap_or_default();
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = folder.and_then(|()| fs::write(path, format!("{text}\n")));
    written.map_err(|source| CliError::Write { path: path.into(), source })
}
