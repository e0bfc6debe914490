//! The state at every height. Each block appends to it.

use std::sync::Arc;

use alloy::primitives::{
    Address, Bytes, U256,
    map::{AddressMap, B256Map, U256Map},
};
use revm::{
    Database,
    bytecode::Bytecode,
    database::CacheDB,
    state::{Account, AccountInfo},
};

use super::{
    StateView,
    arbos::{ARBOS, ArbosStorage},
    history::History,
    journal::{Checkpoint, Journal, JournalEntry},
};
use crate::fork::Fork;

/// Accounts, storage and code, with their history.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Accounts without code; `None` once destroyed.
    pub(super) accounts: AddressMap<History<Option<AccountInfo>>>,
    /// Storage words by account.
    pub(super) slots: AddressMap<U256Map<History<U256>>>,
    /// All code ever deployed, by hash.
    pub(super) codes: B256Map<Bytecode>,
    /// Writes recorded for snapshots.
    pub(super) journal: Journal,
    /// Where everything is that was never written here.
    pub(super) fork: Option<Arc<Fork>>,
}

impl Store {
    /// The same store on the state of a fork, if there is one.
    pub(crate) fn continue_fork(self, fork: Option<Arc<Fork>>) -> Self {
        Self { fork, ..self }
    }

    /// The forked chain.
    pub(crate) const fn fork(&self) -> Option<&Arc<Fork>> {
        self.fork.as_ref()
    }

    /// An account with its code, after block `height`.
    pub(crate) fn account(&self, address: Address, height: u64) -> Option<AccountInfo> {
        let Some(written) = self.accounts.get(&address).and_then(|history| history.at(height))
        else {
            return self.fork.as_ref()?.account(address);
        };
        let mut info = written.clone()?;
        info.code = Some(self.codes.get(&info.code_hash).cloned().unwrap_or_default());
        Some(info)
    }

    /// A storage word after block `height`; zero, or the fork's, if it was never written.
    pub(crate) fn slot(&self, address: Address, key: U256, height: u64) -> U256 {
        let written = |slots: &U256Map<History<U256>>| slots.get(&key)?.at(height).copied();
        let fetched = || self.fork.as_ref().map(|fork| fork.slot(address, key));
        self.slots.get(&address).and_then(written).or_else(fetched).unwrap_or_default()
    }

    /// Commits the changes of a transaction in block `height`.
    pub(crate) fn commit(&mut self, height: u64, changes: AddressMap<Account>) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            if account.is_selfdestructed() || account.is_created() {
                self.clear_storage(height, address);
            }
            if account.is_selfdestructed() || account.is_empty() {
                self.write(height, address, None);
                continue;
            }
            for (key, slot) in account.changed_storage_slots() {
                self.write_slot(height, address, *key, slot.present_value());
            }
            self.write_account(height, address, account.info);
        }
    }

    /// Writes an account, without its storage.
    pub(crate) fn write_account(&mut self, height: u64, address: Address, mut info: AccountInfo) {
        if let Some(code) = info.code.take().filter(|code| !code.is_empty()) {
            self.codes.entry(info.code_hash).or_insert(code);
        }
        self.write(height, address, Some(info));
    }

    /// Writes a contract with this code and nonce.
    pub(crate) fn write_contract(
        &mut self,
        height: u64,
        address: Address,
        nonce: u64,
        code: Bytes,
    ) {
        let code = if code.is_empty() { Bytecode::default() } else { Bytecode::new_legacy(code) };
        let info = AccountInfo::from_bytecode(code);
        self.write_account(height, address, AccountInfo { nonce, ..info });
    }

    /// Writes a storage word.
    pub(crate) fn write_slot(&mut self, height: u64, address: Address, key: U256, value: U256) {
        let history = self.slots.entry(address).or_default().entry(key).or_default();
        self.journal.slot(address, key, history.write(height, value));
    }

    /// Writes an account without code, or `None` if it is destroyed.
    fn write(&mut self, height: u64, address: Address, info: Option<AccountInfo>) {
        let history = self.accounts.entry(address).or_default();
        self.journal.account(address, history.write(height, info));
    }

    /// Starts to record writes and returns the current point.
    pub(crate) const fn checkpoint(&mut self) -> Checkpoint {
        self.journal.checkpoint()
    }

    /// Reverts all writes since `checkpoint`.
    pub(crate) fn revert_to(&mut self, checkpoint: Checkpoint) {
        while let Some(entry) = self.journal.pop_since(checkpoint) {
            match entry {
                JournalEntry::Account(address, replaced) => {
                    self.accounts.entry(address).or_default().undo_write(replaced);
                }
                JournalEntry::Slot(address, key, replaced) => {
                    let slots = self.slots.entry(address).or_default();
                    slots.entry(key).or_default().undo_write(replaced);
                }
            }
        }
    }

    /// Discards the journal and stops recording.
    pub(crate) fn discard_journal(&mut self) {
        self.journal = Journal::default();
    }

    /// Removes everything that was written after block `height`. Checkpoints are lost.
    pub(crate) fn truncate(&mut self, height: u64) {
        let slots = self.slots.values_mut().flat_map(|slots| slots.values_mut());
        slots.for_each(|history| history.truncate(height));
        self.accounts.values_mut().for_each(|history| history.truncate(height));
        self.discard_journal();
    }

    /// Clears the storage of an account, which was created after the fork.
    fn clear_storage(&mut self, height: u64, address: Address) {
        for (&key, history) in self.slots.get_mut(&address).into_iter().flatten() {
            if history.latest().is_some_and(|value| !value.is_zero()) {
                self.journal.slot(address, key, history.write(height, U256::ZERO));
            }
        }
    }
}

/// ArbOS's storage in one block, outside of transactions.
pub(crate) struct BlockArbosStorage<'a> {
    /// The store.
    store: &'a mut Store,
    /// Height of the block whose state is read.
    read_height: u64,
    /// Height of the block.
    height: u64,
}

impl<'a> BlockArbosStorage<'a> {
    /// Reads and writes the state of block `height`.
    pub(crate) const fn new(store: &'a mut Store, height: u64) -> Self {
        Self { store, read_height: height, height }
    }

    /// Reads the state of the parent of block `height`, and writes that of the block. What an
    /// abandoned block has written is not read.
    pub(crate) const fn after_parent(store: &'a mut Store, height: u64) -> Self {
        Self { store, read_height: height.saturating_sub(1), height }
    }
}

impl ArbosStorage for BlockArbosStorage<'_> {
    fn word(&mut self, slot: U256) -> U256 {
        self.store.slot(ARBOS, slot, self.read_height)
    }

    fn set_word(&mut self, slot: U256, value: U256) {
        if self.store.slot(ARBOS, slot, self.height) != value {
            self.store.write_slot(self.height, ARBOS, slot, value);
        }
    }
}

/// Changes on top of a block's state, outside of transactions.
impl ArbosStorage for CacheDB<StateView<'_>> {
    fn word(&mut self, slot: U256) -> U256 {
        let Ok(word) = self.storage(ARBOS, slot);
        word
    }

    fn set_word(&mut self, slot: U256, value: U256) {
        let Ok(()) = self.insert_account_storage(ARBOS, slot, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_reverts_to_any_checkpoint() {
        let (mut store, [one, other]) = (Store::default(), [1, 2].map(Address::with_last_byte));
        let read = |store: &Store, height| {
            let balance = |address| store.account(address, height).map(|info| info.balance);
            (balance(one), balance(other), store.slot(one, U256::ONE, height))
        };
        let money = |wei: u64| AccountInfo::from_balance(U256::from(wei));
        store.write_account(1, one, money(10));
        store.write_slot(1, one, U256::ONE, U256::from(5));
        let (first, at_first) = (store.checkpoint(), read(&store, 9));
        store.write_account(1, one, money(11));
        store.write_slot(2, one, U256::ONE, U256::from(6));
        let (second, at_second) = (store.checkpoint(), read(&store, 9));
        store.write_account(3, other, money(12));
        store.write_slot(2, one, U256::ONE, U256::ZERO);
        store.revert_to(second);
        assert_eq!(read(&store, 9), at_second);
        store.revert_to(first);
        assert_eq!(read(&store, 9), at_first);
        assert_eq!(at_first, (Some(U256::from(10)), None, U256::from(5)));
    }
}
