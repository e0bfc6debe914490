//! Overrides of accounts in calls and simulations.

use alloy::{
    primitives::{
        Address, B256, U256,
        map::{AddressMap, B256Map},
    },
    rpc::types::state::StateOverride,
};
use revm::{Database, bytecode::Bytecode};

use super::ChainError;
use crate::{exec::State, precompiles, state::arbos_version::ArbosVersion};

/// Applies overrides of accounts to a state of this version of ArbOS, and to the precompiles that are moved or replaced.
///
/// # Errors
/// If overrides contradict each other.
pub(super) fn apply_state_overrides(
    state: &mut State<'_>,
    moved: &mut AddressMap<Address>,
    replaced: &mut Vec<Address>,
    accounts: &StateOverride,
    arbos: ArbosVersion,
) -> Result<(), ChainError> {
    for (&address, change) in accounts {
        if let Some(to) = change.move_precompile_to {
            if !precompiles::is_precompile(address, arbos) {
                return Err(ChainError::NotAPrecompile(address));
            }
            moved.insert(to, address);
            replaced.push(address);
        }
        let Ok(info) = state.basic(address);
        let mut info = info.unwrap_or_default();
        if let Some(balance) = change.balance {
            info.balance = balance;
        }
        if let Some(nonce) = change.nonce {
            info.nonce = nonce;
        }
        if let Some(code) = &change.code {
            info.set_code(Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| {
                // Only a delegation can be malformed; it then counts as ordinary code.
                Bytecode::new_legacy(code.clone())
            }));
            replaced.push(address);
        }
        state.insert_account_info(address, info);
        match (&change.state, &change.state_diff) {
            (Some(_), Some(_)) => return Err(ChainError::StateAndDiff(address)),
            (Some(all), None) => {
                let Ok(()) = state.replace_account_storage(address, storage_words(all).collect());
            }
            (None, Some(some)) => {
                for (slot, value) in storage_words(some) {
                    let Ok(()) = state.insert_account_storage(address, slot, value);
                }
            }
            (None, None) => {}
        }
    }
    Ok(())
}

/// Storage words as the state takes them.
fn storage_words(storage: &B256Map<B256>) -> impl Iterator<Item = (U256, U256)> {
    storage.iter().map(|(&slot, &value)| (slot.into(), value.into()))
}
