//! Hashes of blocks by height.

use std::sync::Arc;

use alloy::primitives::B256;

use crate::fork::Fork;

/// Hashes of all blocks. Those before the first block are fetched from the fork.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockHashes {
    /// The forked chain.
    fork: Option<Arc<Fork>>,
    /// Hashes from the first block on.
    hashes: Vec<B256>,
}

impl BlockHashes {
    /// No hashes but those of a fork.
    pub(crate) const fn new(fork: Option<Arc<Fork>>) -> Self {
        Self { fork, hashes: Vec::new() }
    }

    /// The hash of a block; `None` if it does not exist.
    pub(crate) fn get(&self, height: u64) -> Option<B256> {
        let first = self.fork.as_ref().map(|fork| fork.point().height).unwrap_or_default();
        match height.checked_sub(first) {
            Some(index) => self.hashes.get(usize::try_from(index).ok()?).copied(),
            None => self.fork.as_ref()?.block_hash(height),
        }
    }

    /// The hash of the last block.
    pub(crate) fn last(&self) -> Option<B256> {
        self.hashes.last().copied()
    }

    /// Adds the hash of the next block.
    pub(crate) fn push(&mut self, hash: B256) {
        self.hashes.push(hash);
    }

    /// Removes the hash of the last block.
    pub(crate) fn pop(&mut self) {
        self.hashes.pop();
    }
}
