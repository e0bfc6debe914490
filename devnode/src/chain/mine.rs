//! Mining: starting a block, choosing its transactions, and appending it to the chain.

use std::{mem, sync::Arc};

use super::{
    Block, BlockParams, Chain, ChainError, HeaderFields, IncludedTransaction, RecoveredTransaction,
    genesis,
};
use crate::state::{
    BlockArbosStorage,
    arbos::{ARBOS, ArbosStorage},
    arbos_version::ArbosVersion,
    l1_blocks, l2_pricing, send_accumulator,
    settings::Setting,
    upgrade,
};

impl Chain {
    /// Mines a block of pooled transactions, up to the gas limit of a block. Drops transactions
    /// that may no longer run.
    pub(crate) fn mine(&mut self) {
        let params = self.begin_block();
        let mut gas = self.setting(Setting::MaxBlockGas);
        let mut included = Vec::new();
        let (mut later, mut full) = (Vec::new(), false);
        for incoming in mem::take(&mut self.pool).into_executable_order(self.order) {
            let message = match self.validate_transaction(&incoming, params.height) {
                Ok(message) if !full && (included.is_empty() || message.gas <= gas) => message,
                Ok(_) => {
                    full = true;
                    later.push(incoming);
                    continue;
                }
                Err(ChainError::NonceTooHigh { .. }) => {
                    later.push(incoming);
                    continue;
                }
                Err(why) => {
                    tracing::warn!(hash = %incoming.hash(), error = %why, "transaction dropped");
                    continue;
                }
            };
            let hash = incoming.hash();
            match self.apply_transaction(params, incoming.transaction, &message) {
                Ok(done) => {
                    gas = gas.saturating_sub(done.gas_used.saturating_sub(done.data_charge.gas));
                    included.push(done);
                }
                Err(why) => tracing::warn!(%hash, error = %why, "transaction dropped"),
            }
        }
        self.pool = later.into_iter().collect();
        self.seal_block(params, included);
    }

    /// Mines blocks until no pooled transaction can run.
    pub(super) fn mine_until_idle(&mut self) {
        let ready = |chain: &Self| {
            let view = chain.latest_state();
            chain.pool.iter().any(|incoming| incoming.nonce() <= view.nonce(incoming.sender()))
        };
        while ready(self) {
            self.mine();
        }
    }

    /// Whether each transaction is mined at once.
    pub(crate) const fn automine(&self) -> bool {
        self.automine
    }

    /// Sets whether each transaction is mined at once. If so, mines the pooled ones.
    pub(crate) fn set_automine(&mut self, automine: bool) {
        self.automine = automine;
        if automine {
            self.mine_until_idle();
        }
        self.notify_change();
    }

    /// Drops pooled transactions that match; returns whether there were any.
    pub(crate) fn drop_pooled(&mut self, matches: impl Fn(&RecoveredTransaction) -> bool) -> bool {
        let dropped = self.pool.remove_matching(matches);
        self.notify_change();
        dropped
    }

    /// Starts the next block, and stores the hash of its parent in the history contract.
    pub(super) fn begin_block(&mut self) -> BlockParams {
        let parent = Arc::clone(self.latest());
        self.module_cache.start_block();
        let (height, hash) = (parent.height().saturating_add(1), parent.hash());
        let timestamp = self.clock.next_block_timestamp(parent.header.timestamp);
        let base_fee = self.base_fee();
        let slot = genesis::parent_hash_slot(height);
        self.store.write_slot(height, genesis::HASH_HISTORY, slot, hash.into());
        let l1_height = self.parent_clock.height_at(timestamp).max(parent.l1_height());
        let sends = (parent.send_count(), parent.send_root());
        let arbos = self.upgrade(height, parent.arbos(), timestamp);
        let params = BlockParams {
            height,
            parent: hash,
            timestamp,
            base_fee,
            l1_height,
            sends,
            arbos,
            collects_tips: false,
        };
        let mut words = BlockArbosStorage::after_parent(&mut self.store, height);
        start_block(&mut words, &parent, params);
        params
    }

    /// Upgrades ArbOS at the start of block `height`, if it is time; returns the version.
    fn upgrade(&mut self, height: u64, current: ArbosVersion, timestamp: u64) -> ArbosVersion {
        // The block starts with the state of its parent.
        let mut words = BlockArbosStorage::new(&mut self.store, height);
        let version = upgrade::start_block(&mut words, current, timestamp);
        if version > current {
            genesis::write_precompiles(&mut self.store, height, version);
        }
        version
    }

    /// Seals a block and appends it.
    pub(super) fn seal_block(&mut self, params: BlockParams, included: Vec<IncludedTransaction>) {
        let mut words = BlockArbosStorage::new(&mut self.store, params.height);
        let sends = send_accumulator::size_and_root(&mut words);
        let HeaderFields { beneficiary, gas_limit, .. } = self.header_fields;
        let collects_tips = self.collects_tips(params.height);
        let block = Block::seal(BlockParams { sends, collects_tips, ..params }, included);
        self.append_block(block.with_beneficiary_and_limit(beneficiary, gas_limit));
    }

    /// Base fee of the next block in wei per gas.
    pub(crate) fn base_fee(&self) -> u64 {
        self.setting(Setting::BaseFee)
    }

    /// A setting after the latest block.
    pub(super) fn setting(&self, setting: Setting) -> u64 {
        self.store.slot(ARBOS, setting.slot(), self.height()).saturating_to()
    }

    /// Appends a block and announces it to subscribers.
    pub(super) fn append_block(&mut self, block: Block) {
        let block = Arc::new(block);
        self.push_block(Arc::clone(&block));
        self.notify_change();
        self.announce_block(block);
    }

    /// Appends a block to the indices.
    pub(super) fn push_block(&mut self, block: Arc<Block>) {
        let height = block.height();
        for (index, included) in block.transactions.iter().enumerate() {
            self.transaction_locations.insert(included.hash(), (height, index));
        }
        self.heights.insert(block.hash(), height);
        self.hashes.push(block.hash());
        self.blocks.push(block);
    }

    /// Removes the latest block from the indices. The state stays.
    pub(super) fn pop_block(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        self.hashes.pop();
        self.heights.remove(&block.hash());
        for included in &block.transactions {
            self.transaction_locations.remove(&included.hash());
        }
    }
}

/// What the start of a block changes in ArbOS: the height of the parent chain, and the base fee of the
/// block after it.
pub(super) fn start_block(words: &mut dyn ArbosStorage, parent: &Block, params: BlockParams) {
    l1_blocks::advance(words, params.l1_height, parent.hash());
    let seconds = params.timestamp.saturating_sub(parent.header.timestamp);
    l2_pricing::start_block(words, seconds);
}
