//! Going back: snapshots of the chain, and what becomes of it when one is returned to.

use super::{Chain, Pool, Refusal, clock::Clock};
use crate::state::Mark;

/// The most snapshots at the same time.
const CAPACITY: usize = 4096;

/// A moment of the chain.
#[derive(Debug)]
struct Snapshot {
    /// Its number.
    number: u64,
    /// The height of the newest block.
    height: u64,
    /// Where the state was.
    mark: Mark,
    /// The clock, and what it said.
    clock: (Clock, u64),
    /// Transactions that waited.
    pool: Pool,
}

/// Snapshots, oldest first.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    /// Those that can be returned to.
    kept: Vec<Snapshot>,
    /// How many there ever were.
    taken: u64,
}

impl Chain {
    /// Takes a snapshot; its number.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn snapshot(&mut self) -> Result<u64, Refusal> {
        if self.snapshots.kept.len() >= CAPACITY {
            return Err(Refusal::Snapshots);
        }
        let number = self.snapshots.taken;
        self.snapshots.taken = number.saturating_add(1);
        self.snapshots.kept.push(Snapshot {
            number,
            height: self.height(),
            mark: self.store.mark(),
            clock: (self.clock, self.clock.now()),
            pool: self.pool.clone(),
        });
        Ok(number)
    }

    /// Returns to a snapshot, which is used up by that, as are all later ones: blocks, state, waiting
    /// transactions and time are as they were. False if there is no such snapshot.
    pub(crate) fn revert(&mut self, number: u64) -> bool {
        let kept = &mut self.snapshots.kept;
        let Some(place) = kept.iter().position(|snapshot| snapshot.number == number) else {
            return false;
        };
        let later = kept.split_off(place);
        let last = kept.is_empty();
        let Some(snapshot) = later.into_iter().next() else { return false };
        while self.height() > snapshot.height {
            self.unlink();
        }
        self.store.rewind(snapshot.mark);
        if last {
            self.store.forget();
        }
        let (clock, now) = snapshot.clock;
        self.clock.set(now);
        self.clock = Clock { offset: self.clock.offset, ..clock };
        self.pool = snapshot.pool;
        self.touch();
        true
    }

    /// The numbers of the snapshots that can be returned to, with their heights.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.snapshots.kept.iter().map(|snapshot| (snapshot.number, snapshot.height))
    }
}
