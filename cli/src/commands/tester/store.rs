//! The state file in which `tester probe` keeps probes for `tester report`.

use std::path::Path;

use muster_client::Market;
use muster_daemons::{Identity, Role, Store};

use crate::error::CliError;

/// Opens the state file of the account, and creates it if it does not exist.
///
/// # Errors
/// [`CliError::Store`], for example if another account wrote the file.
pub(super) fn open_store(market: &Market, path: &Path) -> Result<Store, CliError> {
    let (chain, dispatcher) = (market.node().chain_id(), market.dispatcher());
    let identity = Identity { role: Role::Tester, chain, dispatcher, account: market.account()? };
    Ok(Store::open(path, &identity)?)
}
