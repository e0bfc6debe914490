//! The state after one block, as the EVM reads it.

use std::convert::Infallible;

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

use super::Store;

/// A read-only view of the state after one block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateView<'a> {
    /// The store.
    store: &'a Store,
    /// Height of the block.
    height: u64,
}

impl Store {
    /// The state after block `height`.
    pub(crate) const fn view(&self, height: u64) -> StateView<'_> {
        StateView { store: self, height }
    }
}

impl StateView<'_> {
    /// An account with its code.
    pub(crate) fn account(&self, address: Address) -> Option<AccountInfo> {
        self.store.account(address, self.height)
    }

    /// Tells that a contract is about to be created.
    pub(crate) fn expect_created(&self, address: Address) {
        if let Some(fork) = self.store.fork() {
            fork.expect_created(address);
        }
    }

    /// Balance of an account in wei.
    pub(crate) fn balance(&self, address: Address) -> U256 {
        self.account(address).map(|info| info.balance).unwrap_or_default()
    }

    /// Nonce of an account.
    pub(crate) fn nonce(&self, address: Address) -> u64 {
        self.account(address).map(|info| info.nonce).unwrap_or_default()
    }

    /// Code of an account; empty if it has none.
    pub(crate) fn code(&self, address: Address) -> Bytes {
        let code = self.account(address).and_then(|info| info.code);
        code.map(|code| code.original_bytes()).unwrap_or_default()
    }

    /// A storage word of an account; zero if it was never written.
    pub(crate) fn slot(&self, address: Address, key: U256) -> U256 {
        self.store.slot(address, key, self.height)
    }

    /// All accounts, without their code.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (Address, &AccountInfo)> {
        let accounts = self.store.accounts.iter();
        accounts
            .filter_map(|(&address, history)| Some((address, history.at(self.height)?.as_ref()?)))
    }

    /// All storage words of an account that were ever written.
    pub(crate) fn slots(&self, address: Address) -> impl Iterator<Item = (U256, U256)> {
        let slots = self.store.slots.get(&address).into_iter().flatten();
        slots.filter_map(|(&slot, history)| Some((slot, *history.at(self.height)?)))
    }
}

impl DatabaseRef for StateView<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.account(address))
    }

    /// Never called: accounts include their code.
    fn code_by_hash_ref(&self, _code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(Bytecode::default())
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, Infallible> {
        Ok(self.slot(address, index))
    }

    /// Never called: BLOCKHASH returns hashes of the parent chain, which ArbOS keeps.
    fn block_hash_ref(&self, _number: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}
