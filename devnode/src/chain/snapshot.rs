//! Snapshots of the chain, and reverting to them.

use super::{Chain, ChainError, TransactionPool, clock::ChainClock};
use crate::state::Checkpoint;

/// Maximum number of snapshots.
const CAPACITY: usize = 4096;

/// A snapshot.
#[derive(Debug)]
struct Snapshot {
    /// Number of the snapshot.
    id: u64,
    /// Height of the latest block.
    height: u64,
    /// Checkpoint of the state.
    checkpoint: Checkpoint,
    /// The clock, and its reading.
    clock: (ChainClock, u64),
    /// Pooled transactions.
    pool: TransactionPool,
}

/// Snapshots, oldest first.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Existing snapshots.
    entries: Vec<Snapshot>,
    /// Number of the next snapshot.
    next_id: u64,
}

impl Chain {
    /// Takes a snapshot and returns its number.
    ///
    /// # Errors
    /// If the maximum number of snapshots exists.
    pub(crate) fn snapshot(&mut self) -> Result<u64, ChainError> {
        if self.snapshots.entries.len() >= CAPACITY {
            return Err(ChainError::TooManySnapshots);
        }
        let number = self.snapshots.next_id;
        self.snapshots.next_id = number.saturating_add(1);
        self.snapshots.entries.push(Snapshot {
            id: number,
            height: self.height(),
            checkpoint: self.store.checkpoint(),
            clock: (self.clock, self.clock.now()),
            pool: self.pool.clone(),
        });
        Ok(number)
    }

    /// Reverts blocks, state, pool and clock to a snapshot, and discards it with all later ones.
    /// Returns false if the snapshot does not exist.
    pub(crate) fn revert(&mut self, number: u64) -> bool {
        let entries = &mut self.snapshots.entries;
        let Some(index) = entries.iter().position(|snapshot| snapshot.id == number) else {
            return false;
        };
        let later = entries.split_off(index);
        let is_empty = entries.is_empty();
        let Some(snapshot) = later.into_iter().next() else { return false };
        while self.height() > snapshot.height {
            self.pop_block();
        }
        self.store.revert_to(snapshot.checkpoint);
        if is_empty {
            self.store.discard_journal();
        }
        let (clock, now) = snapshot.clock;
        self.clock.set(now);
        self.clock = ChainClock { offset: self.clock.offset, ..clock };
        self.pool = snapshot.pool;
        self.notify_change();
        true
    }

    /// Number and height of each snapshot.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.snapshots.entries.iter().map(|snapshot| (snapshot.id, snapshot.height))
    }
}
