//! Taking snapshots of the chain, and reverting to them; removing and replacing its latest blocks.

use std::mem;

use super::{
    Chain, ChainError, RecoveredTransaction,
    clock::ChainClock,
    snapshot::{Snapshot, Snapshots},
};

impl Chain {
    /// Takes a snapshot and returns its number.
    ///
    /// # Errors
    /// If the maximum number of snapshots exists.
    pub(crate) fn snapshot(&mut self) -> Result<u64, ChainError> {
        self.snapshots.check_capacity()?;
        let snapshot = self.current();
        Ok(self.snapshots.add(snapshot))
    }

    /// Blocks, state, pool and clock as they are now.
    pub(super) fn current(&mut self) -> Snapshot {
        Snapshot {
            height: self.height(),
            checkpoint: self.store.checkpoint(),
            clock: (self.clock, self.clock.now()),
            parent_clock: self.parent_clock,
            pool: self.pool.clone(),
        }
    }

    /// Reverts blocks, state, pool and clock to a snapshot, and discards it with all later ones.
    /// Returns false if the snapshot does not exist.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let Some(snapshot) = self.snapshots.take(id) else { return false };
        self.restore(snapshot);
        true
    }

    /// Reverts blocks, state, pool and clock to how they were.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        while self.height() > snapshot.height {
            self.pop_block();
        }
        self.store.revert_to(snapshot.checkpoint);
        if self.snapshots.is_empty() {
            self.store.discard_journal();
        }
        let (clock, now) = snapshot.clock;
        self.clock.set(now);
        self.clock = ChainClock { offset: self.clock.offset, ..clock };
        self.parent_clock = snapshot.parent_clock;
        self.pool = snapshot.pool;
        self.notify_change();
    }

    /// Removes the latest `depth` blocks with their transactions and all snapshots. The pool and the clock stay.
    ///
    /// # Errors
    /// If there are fewer blocks.
    pub(crate) fn rollback(&mut self, depth: u64) -> Result<(), ChainError> {
        let (first, height) = (self.first_height(), self.height());
        let rest = height.checked_sub(depth).filter(|&rest| rest >= first);
        let height = rest.ok_or(ChainError::RollbackTooDeep { depth, height })?;
        while self.height() > height {
            self.pop_block();
        }
        self.store.truncate(height);
        self.snapshots = Snapshots::default();
        self.notify_change();
        Ok(())
    }

    /// Replaces the latest blocks by as many later ones, each with these transactions alone. One that is rejected is dropped.
    ///
    /// # Errors
    /// If there are fewer blocks.
    pub(crate) fn reorg(
        &mut self,
        blocks: Vec<Vec<RecoveredTransaction>>,
    ) -> Result<(), ChainError> {
        // Two empty blocks of one second would be the same block.
        let later = self.latest().header.timestamp.saturating_add(1).max(self.clock.now());
        self.rollback(u64::try_from(blocks.len()).unwrap_or(u64::MAX))?;
        self.set_next_block_timestamp(later)?;
        let pool = mem::take(&mut self.pool);
        for transactions in blocks {
            self.pool = transactions.into_iter().collect();
            self.mine();
        }
        self.pool = pool;
        self.notify_change();
        Ok(())
    }

    /// Number and height of each snapshot.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.snapshots.heights()
    }
}
