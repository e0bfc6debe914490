//! The chain: its blocks, its state, its clock, and what may be done with them. Everything that
//! changes lives here, on one thread; see [`Worker`].

mod access_list;
mod block;
mod call;
mod clock;
mod error;
mod estimate;
mod genesis;
mod logs;
mod setup;
mod submit;
mod trace;
mod worker;

use std::{collections::HashMap, sync::Arc};

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, U256},
};
use tokio::sync::broadcast;

pub(crate) use access_list::Accessed;
pub(crate) use block::{Block, Included};
pub(crate) use call::Ask;
pub(crate) use error::{DecodeError, Refusal};
pub(crate) use estimate::Estimate;
pub(crate) use logs::matching;
pub(crate) use worker::{Stopped, Worker};

use block::Place;
use clock::Clock;

use crate::{
    exec::Modules,
    state::{Store, View, arbos::ARBOS, settings::Setting},
};

/// Heads that a slow subscriber may be behind.
const HEADS: usize = 1024;

/// A chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Accounts, code and storage.
    store: Store,
    /// All blocks, by height.
    blocks: Vec<Arc<Block>>,
    /// Their hashes, by height.
    hashes: Vec<B256>,
    /// Heights by hash.
    heights: HashMap<B256, u64>,
    /// Height and index of each transaction, by hash.
    places: HashMap<B256, (u64, usize)>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Compiled programs.
    modules: Modules,
    /// Where new blocks are announced.
    heads: broadcast::Sender<Arc<Block>>,
}

impl Chain {
    /// A chain after the usual set-up; `accounts` have money besides the dev account.
    ///
    /// # Errors
    /// If a transaction of the set-up is refused, which means that this chain is broken.
    pub(crate) fn new(accounts: &[Address]) -> Result<Self, Refusal> {
        let mut chain = Self {
            store: Store::default(),
            blocks: Vec::new(),
            hashes: Vec::new(),
            heights: HashMap::new(),
            places: HashMap::new(),
            clock: Clock::default(),
            modules: Modules::default(),
            heads: broadcast::Sender::new(HEADS),
        };
        genesis::write(&mut chain.store, accounts);
        let timestamp = chain.clock.tick(0);
        let base_fee = Setting::BaseFee.initial();
        let place = Place { height: 0, parent: B256::ZERO, timestamp, base_fee };
        chain.append(Block::seal(place, Vec::new()));
        setup::run(&mut chain)?;
        Ok(chain)
    }

    /// The newest block.
    pub(crate) fn latest(&self) -> &Arc<Block> {
        #[expect(clippy::expect_used, reason = "block zero is appended before anybody can ask")]
        self.blocks.last().expect("a chain has a first block")
    }

    /// The height of the newest block.
    pub(crate) fn height(&self) -> u64 {
        self.latest().height()
    }

    /// A block by height.
    pub(crate) fn block(&self, height: u64) -> Option<&Arc<Block>> {
        self.blocks.get(usize::try_from(height).ok()?)
    }

    /// A block by hash.
    pub(crate) fn block_by_hash(&self, hash: B256) -> Option<&Arc<Block>> {
        self.block(*self.heights.get(&hash)?)
    }

    /// The block and the index of a transaction.
    pub(crate) fn transaction(&self, hash: B256) -> Option<(&Arc<Block>, usize)> {
        let (height, index) = *self.places.get(&hash)?;
        Some((self.block(height)?, index))
    }

    /// The block that is meant; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Refusal::NoTag`] for tags that this chain never reaches.
    pub(crate) fn find(&self, id: BlockId) -> Result<Option<&Arc<Block>>, Refusal> {
        Ok(match id {
            BlockId::Hash(hash) => self.block_by_hash(hash.block_hash),
            BlockId::Number(BlockNumberOrTag::Number(height)) => self.block(height),
            BlockId::Number(BlockNumberOrTag::Earliest) => self.block(0),
            BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending) => {
                Some(self.latest())
            }
            BlockId::Number(BlockNumberOrTag::Safe) => return Err(Refusal::NoTag("safe")),
            BlockId::Number(BlockNumberOrTag::Finalized) => {
                return Err(Refusal::NoTag("finalized"));
            }
        })
    }

    /// The block that is meant.
    ///
    /// # Errors
    /// If it does not exist.
    pub(crate) fn get(&self, id: BlockId) -> Result<&Arc<Block>, Refusal> {
        self.find(id)?.ok_or(Refusal::NoHeader)
    }

    /// The state after the block that is meant.
    ///
    /// # Errors
    /// If the block does not exist.
    pub(crate) fn view(&self, id: BlockId) -> Result<View<'_>, Refusal> {
        Ok(self.store.view(self.get(id)?.height()))
    }

    /// Where new blocks are announced.
    pub(crate) const fn heads(&self) -> &broadcast::Sender<Arc<Block>> {
        &self.heads
    }

    /// Sets the balance of an account in the newest block.
    pub(crate) fn set_balance(&mut self, account: Address, balance: U256) {
        let height = self.height();
        let info = self.store.account(account, height).unwrap_or_default();
        self.store.write_account(height, account, revm::state::AccountInfo { balance, ..info });
    }

    /// Makes a block without transactions.
    pub(crate) fn mine(&mut self) {
        let place = self.begin();
        self.append(Block::seal(place, Vec::new()));
    }

    /// Begins the next block: it has a place, and the hash of its parent is written down.
    fn begin(&mut self) -> Place {
        let parent = Arc::clone(self.latest());
        let (height, hash) = (parent.height().saturating_add(1), parent.hash());
        let timestamp = self.clock.tick(parent.header.timestamp);
        let base_fee = self.base_fee();
        let slot = genesis::parent_slot(height);
        self.store.write_slot(height, genesis::HASH_HISTORY, slot, hash.into());
        Place { height, parent: hash, timestamp, base_fee }
    }

    /// Wei per gas in the next block.
    pub(crate) fn base_fee(&self) -> u64 {
        self.setting(Setting::BaseFee).max(self.setting(Setting::MinBaseFee))
    }

    /// A setting after the newest block.
    fn setting(&self, setting: Setting) -> u64 {
        self.store.slot(ARBOS, setting.slot(), self.height()).saturating_to()
    }

    /// Adds a block and announces it.
    fn append(&mut self, block: Block) {
        let height = block.height();
        for (index, included) in block.transactions.iter().enumerate() {
            self.places.insert(included.hash(), (height, index));
        }
        self.heights.insert(block.hash(), height);
        self.hashes.push(block.hash());
        let block = Arc::new(block);
        self.blocks.push(Arc::clone(&block));
        // Nobody may be listening, which is fine.
        let _ = self.heads.send(block);
    }
}
