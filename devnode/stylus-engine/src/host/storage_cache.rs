//! The write-back cache between a program and its storage.
//!
//! The cache lives for one program call. Writes stay in it until the program flushes them; unflushed
//! writes are lost.

use std::collections::BTreeMap;

use alloy_primitives::B256;

/// A word in the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct StorageWord {
    /// The value that the program sees.
    pub(super) value: B256,
    /// The value known to be in the chain's storage.
    pub(super) known: Option<B256>,
}

/// Storage as one call of a program sees it.
#[derive(Debug, Default)]
pub(super) struct StorageCache {
    /// Words by key.
    pub(super) words: BTreeMap<B256, StorageWord>,
    /// Loads so far.
    loads: u32,
    /// Cached writes so far.
    writes: u32,
}

impl StorageCache {
    /// Counts a load and returns the gas of its surcharge.
    pub(super) const fn count_load(&mut self) -> u64 {
        self.loads = self.loads.saturating_add(1);
        match self.loads {
            0..=32 => 0,
            33..=128 => 2,
            _ => 10,
        }
    }

    /// Counts a write and returns the gas of its surcharge.
    pub(super) const fn count_write(&mut self) -> u64 {
        self.writes = self.writes.saturating_add(1);
        match self.writes {
            0..=8 => 0,
            9..=64 => 7,
            _ => 10,
        }
    }

    /// Words that may differ from the chain's, in the order of their keys.
    pub(super) fn dirty(&self) -> Vec<(B256, B256)> {
        let differs = |word: &StorageWord| word.known != Some(word.value);
        let dirty = self.words.iter().filter(|(_, word)| differs(word));
        dirty.map(|(key, word)| (*key, word.value)).collect()
    }
}
