//! A journal of writes since a snapshot, to revert them.

use alloy::primitives::{Address, U256};
use revm::state::AccountInfo;

use super::history::Replaced;

/// A write, with the value it replaced.
#[derive(Debug)]
pub(super) enum JournalEntry {
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
    /// Starts to record writes and returns the current point.
    pub(super) const fn checkpoint(&mut self) -> Checkpoint {
        self.recording = true;
        Checkpoint(self.entries.len())
    }

    /// Removes the latest write since `checkpoint`.
    pub(super) fn pop_since(&mut self, checkpoint: Checkpoint) -> Option<JournalEntry> {
        if self.entries.len() > checkpoint.0 { self.entries.pop() } else { None }
    }

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
