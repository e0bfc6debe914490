//! The file of `--config-out`: accounts, keys and fees, in Anvil's format.

use std::{fs, path::Path};

use serde_json::json;

use super::RunError;
use crate::{Devnode, accounts::DERIVATION_PATH};

/// Writes the file of a chain whose accounts have this mnemonic.
///
/// # Errors
/// If it cannot be written, or if the chain has stopped.
pub(super) async fn write(path: &Path, node: &Devnode, mnemonic: &str) -> Result<(), RunError> {
    let (base_fee, gas_limit, genesis) = node.block_facts().await?;
    let accounts = || node.accounts().iter().skip(1);
    let config = json!({
        "available_accounts": accounts().map(|account| account.address.to_string()).collect::<Vec<_>>(),
        "private_keys": accounts().map(|account| account.key.to_string()).collect::<Vec<_>>(),
        "wallet": {"derivation_path": format!("{DERIVATION_PATH}/"), "mnemonic": mnemonic},
        "base_fee": base_fee.to_string(),
        "gas_limit": gas_limit.to_string(),
        "gas_price": base_fee.to_string(),
        "genesis_timestamp": genesis.to_string(),
    });
    fs::write(path, format!("{config:#}\n"))
        .map_err(|source| RunError::ConfigOut { file: path.display().to_string().into(), source })
}
