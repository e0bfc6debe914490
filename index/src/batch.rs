//! What a follower reads from a chain, and an index writes: some blocks with all their events.

use std::collections::HashMap;

use alloy::primitives::{Address, B256};
use muster_client::protocol::layout::Terms;
use muster_client::{EventRecord, Head};

/// A block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its Unix second.
    pub time: u64,
}

impl From<Head> for Block {
    fn from(head: Head) -> Self {
        Self { number: head.number, hash: head.hash, time: head.timestamp }
    }
}

/// Some blocks that follow one another, with all events of a market in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The number of the first block.
    pub from: u64,
    /// The blocks that have events, and always the last block; ascending.
    pub blocks: Vec<Block>,
    /// The events, in the order of the chain.
    pub events: Vec<EventRecord>,
    /// The terms of the agreements that were bought in these blocks.
    pub terms: HashMap<Address, Terms>,
    /// The number of the latest block of the chain when this was read.
    pub tip: u64,
}

impl Batch {
    /// The last block; `None` if there is none at all.
    #[must_use]
    pub fn head(&self) -> Option<Block> {
        self.blocks.last().copied()
    }

    /// A block with events, or the last one.
    #[must_use]
    pub fn block(&self, number: u64) -> Option<Block> {
        let found = self.blocks.binary_search_by_key(&number, |block| block.number).ok()?;
        self.blocks.get(found).copied()
    }
}
