//! Making blocks: where one begins, what goes into it of what waits, and how it joins the chain.

use std::{mem, sync::Arc};

use super::{Block, Chain, Included, Incoming, Place, Refusal, genesis};
use crate::state::{StoreWords, arbos::ARBOS, outbox, settings::Setting};

impl Chain {
    /// Makes a block of the transactions that wait, as many as its gas allows; one that may no longer
    /// run is dropped.
    pub(crate) fn mine(&mut self) {
        let place = self.begin();
        let mut gas = self.setting(Setting::MaxBlockGas);
        let mut included = Vec::new();
        let (mut later, mut full) = (Vec::new(), false);
        for incoming in mem::take(&mut self.pool) {
            let message = match self.admit(&incoming, place.height) {
                Ok(message) if !full && (included.is_empty() || message.gas <= gas) => message,
                Ok(_) => {
                    full = true;
                    later.push(incoming);
                    continue;
                }
                Err(Refusal::NonceTooHigh { .. }) => {
                    later.push(incoming);
                    continue;
                }
                Err(why) => {
                    tracing::warn!("transaction {} is dropped: {why}", incoming.hash());
                    continue;
                }
            };
            let hash = incoming.hash();
            match self.include(place, incoming.transaction, &message) {
                Ok(done) => {
                    gas = gas.saturating_sub(done.gas_used);
                    included.push(done);
                }
                Err(why) => tracing::warn!("transaction {hash} is dropped: {why}"),
            }
        }
        self.pool = later.into_iter().collect();
        self.close(place, included);
    }

    /// Makes blocks until nothing that waits can run.
    pub(super) fn mine_ready(&mut self) {
        let ready = |chain: &Self| {
            let view = chain.newest();
            chain.pool.iter().any(|incoming| incoming.nonce() <= view.nonce(incoming.sender()))
        };
        while ready(self) {
            self.mine();
        }
    }

    /// Whether a transaction makes a block at once.
    pub(crate) const fn automine(&self) -> bool {
        self.automine
    }

    /// Chooses whether a transaction makes a block at once. If so, those that wait do.
    pub(crate) fn set_automine(&mut self, automine: bool) {
        self.automine = automine;
        if automine {
            self.mine_ready();
        }
        self.touch();
    }

    /// Drops waiting transactions; whether there were any.
    pub(crate) fn drop_waiting(&mut self, condemned: impl Fn(&Incoming) -> bool) -> bool {
        let dropped = self.pool.drop_if(condemned);
        self.touch();
        dropped
    }

    /// Begins the next block: it has a place, and the hash of its parent is written down.
    pub(super) fn begin(&mut self) -> Place {
        let parent = Arc::clone(self.latest());
        let (height, hash) = (parent.height().saturating_add(1), parent.hash());
        let timestamp = self.clock.tick(parent.header.timestamp);
        let base_fee = self.base_fee();
        let slot = genesis::parent_slot(height);
        self.store.write_slot(height, genesis::HASH_HISTORY, slot, hash.into());
        let sends = (parent.send_count(), parent.send_root());
        Place { height, parent: hash, timestamp, base_fee, sends }
    }

    /// Ends the block at `place` and adds it.
    pub(super) fn close(&mut self, place: Place, included: Vec<Included>) {
        let mut words = StoreWords { store: &mut self.store, height: place.height };
        let sends = outbox::summary(&mut words);
        self.append(Block::seal(Place { sends, ..place }, included));
    }

    /// Wei per gas in the next block.
    pub(crate) fn base_fee(&self) -> u64 {
        self.setting(Setting::BaseFee).max(self.setting(Setting::MinBaseFee))
    }

    /// A setting after the newest block.
    pub(super) fn setting(&self, setting: Setting) -> u64 {
        self.store.slot(ARBOS, setting.slot(), self.height()).saturating_to()
    }

    /// Adds a block and announces it.
    pub(super) fn append(&mut self, block: Block) {
        let block = Arc::new(block);
        self.link(Arc::clone(&block));
        self.touch();
        // Nobody may be listening, which is fine.
        let _ = self.heads.send(block);
    }

    /// Adds a block.
    pub(super) fn link(&mut self, block: Arc<Block>) {
        let height = block.height();
        for (index, included) in block.transactions.iter().enumerate() {
            self.places.insert(included.hash(), (height, index));
        }
        self.heights.insert(block.hash(), height);
        self.hashes.push(block.hash());
        self.blocks.push(block);
    }

    /// Takes the newest block off the chain. Its state stays.
    pub(super) fn unlink(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        self.hashes.pop();
        self.heights.remove(&block.hash());
        for included in &block.transactions {
            self.places.remove(&included.hash());
        }
    }
}
