//! A journal of writes since a snapshot, to revert them.

use alloy::primitives::{Address, U256};
use revm::state::AccountInfo;

use super::{Store, history::Replaced};

/// A write, with the value it replaced.
#[derive(Debug)]
enum JournalEntry {
    /// A write of an account.
    Account(Address, Replaced<Option<AccountInfo>>),
    /// A write of a storage word.
    Slot(Address, U256, Replaced<U256>),
}

/// Writes in order. Recorded only once a checkpoint exists.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Recorded writes.
    entries: Vec<JournalEntry>,
    /// Whether writes are recorded.
    recording: bool,
}

/// A point that a store can revert to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint(usize);

impl Journal {
    /// Records a write of an account.
    pub(super) fn account(&mut self, address: Address, replaced: Replaced<Option<AccountInfo>>) {
        if self.recording {
            self.entries.push(JournalEntry::Account(address, replaced));
        }
    }

    /// Records a write of a storage word.
    pub(super) fn slot(&mut self, address: Address, key: U256, replaced: Replaced<U256>) {
        if self.recording {
            self.entries.push(JournalEntry::Slot(address, key, replaced));
        }
    }
}

impl Store {
    /// Starts to record writes and returns the current point.
    pub(crate) const fn checkpoint(&mut self) -> Checkpoint {
        self.journal.recording = true;
        Checkpoint(self.journal.entries.len())
    }

    /// Reverts all writes since `checkpoint`.
    pub(crate) fn revert_to(&mut self, checkpoint: Checkpoint) {
        while self.journal.entries.len() > checkpoint.0
            && let Some(entry) = self.journal.entries.pop()
        {
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
