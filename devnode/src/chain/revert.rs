//! Taking snapshots of the chain, and reverting to them.

use super::{Chain, ChainError, clock::ChainClock, snapshot::Snapshot};

impl Chain {
    /// Takes a snapshot and returns its number.
    ///
    /// # Errors
    /// If the maximum number of snapshots exists.
    pub(crate) fn snapshot(&mut self) -> Result<u64, ChainError> {
        self.snapshots.check_capacity()?;
        let snapshot = Snapshot {
            height: self.height(),
            checkpoint: self.store.checkpoint(),
            clock: (self.clock, self.clock.now()),
            pool: self.pool.clone(),
        };
        Ok(self.snapshots.add(snapshot))
    }

    /// Reverts blocks, state, pool and clock to a snapshot, and discards it with all later ones.
    /// Returns false if the snapshot does not exist.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let Some(snapshot) = self.snapshots.take(id) else { return false };
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
        self.pool = snapshot.pool;
        self.notify_change();
        true
    }

    /// Number and height of each snapshot.
    pub(crate) fn snapshots(&self) -> impl Iterator<Item = (u64, u64)> {
        self.snapshots.heights()
    }
}
