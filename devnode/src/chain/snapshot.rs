//! Going back: snapshots of the chain, and what becomes of it when one is returned to.

use super::{Chain, ChainError, TransactionPool, clock::ChainClock};
use crate::state::Checkpoint;

/// The most snapshots at the same time.
const CAPACITY: usize = 4096;

/// A moment of the chain.
#[derive(Debug)]
struct Snapshot {
    /// Its number.
    id: u64,
    /// The height of the newest block.
    height: u64,
    /// Where the state was.
    checkpoint: Checkpoint,
    /// The clock, and what it said.
    clock: (ChainClock, u64),
    /// Transactions that waited.
    pool: TransactionPool,
}

/// Snapshots, oldest first.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Those that can be returned to.
    entries: Vec<Snapshot>,
    /// How many there ever were.
    next_id: u64,
}

impl Chain {
    /// Takes a snapshot; its number.
    ///
    /// # Errors
    /// If there are too many.
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

    /// Returns to a snapshot, which is used up by that, as are all later ones: blocks, state, waiting
    /// transactions and time are as they were. False if there is no such snapshot.
    pub(crate) fn revert(&mut self, number: u64) -> bool {
        let kept = &mut self.snapshots.entries;
        let Some(index) = kept.iter().position(|snapshot| snapshot.id == number) else {
            return false;
        };
        let later = kept.split_off(index);
        let last = kept.is_empty();
        let Some(snapshot) = later.into_iter().next() else { return false };
        while self.height() > snapshot.height {
            self.pop_block();
        }
        self.store.revert_to(snapshot.checkpoint);
        if last {
            self.store.discard_journal();
        }
        let (clock, now) = snapshot.clock;
        self.clock.set(now);
        self.clock = ChainClock { offset: self.clock.offset, ..clock };
        self.pool = snapshot.pool;
        self.notify_change();
        true
    }

    /// The numbers of the snapshots that can be returned to, with their heights.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.snapshots.entries.iter().map(|snapshot| (snapshot.id, snapshot.height))
    }
}
