//! Snapshots of a chain, as data.

use super::{
    clock::ChainClock, error::ChainError, parent_clock::ParentClock, pool::TransactionPool,
};
use crate::state::Checkpoint;

/// Maximum number of snapshots.
const CAPACITY: usize = 4096;

/// What a snapshot restores.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Height of the latest block.
    pub(super) height: u64,
    /// Checkpoint of the state.
    pub(super) checkpoint: Checkpoint,
    /// The clock, and its reading.
    pub(super) clock: (ChainClock, u64),
    /// The clock of the parent chain.
    pub(super) parent_clock: ParentClock,
    /// Pooled transactions.
    pub(super) pool: TransactionPool,
}

/// Snapshots with their numbers, oldest first.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Existing snapshots.
    entries: Vec<(u64, Snapshot)>,
    /// Number of the next snapshot.
    next_id: u64,
}

impl Snapshots {
    /// Whether there is no snapshot.
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Fails if no snapshot can be added.
    pub(super) const fn check_capacity(&self) -> Result<(), ChainError> {
        if self.entries.len() >= CAPACITY { Err(ChainError::TooManySnapshots) } else { Ok(()) }
    }

    /// Adds a snapshot and returns its number.
    pub(super) fn add(&mut self, snapshot: Snapshot) -> u64 {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.entries.push((id, snapshot));
        id
    }

    /// Removes a snapshot with all later ones.
    pub(super) fn take(&mut self, id: u64) -> Option<Snapshot> {
        let index = self.entries.iter().position(|(known, _)| *known == id)?;
        self.entries.split_off(index).into_iter().next().map(|(_, snapshot)| snapshot)
    }

    /// Number and height of each snapshot.
    pub(super) fn heights(&self) -> impl Iterator<Item = (u64, u64)> {
        self.entries.iter().map(|(id, snapshot)| (*id, snapshot.height))
    }
}
