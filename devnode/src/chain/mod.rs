//! The chain: its blocks, its state, its clock, and what may be done with them. Everything that
//! changes lives here, on one thread; see [`Worker`].

mod access_list;
mod block;
mod call;
mod clock;
mod edit;
mod error;
mod estimate;
mod fee;
mod fields;
mod genesis;
mod image;
mod logs;
mod mine;
mod node_interface;
mod pool;
mod setup;
mod snapshot;
mod submit;
mod trace;
mod transaction;
mod worker;

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{Address, B256, map::B256Map},
};
use tokio::sync::{broadcast, watch};

pub(crate) use access_list::Accessed;
pub(crate) use block::{Block, GAS_LIMIT, Included};
pub(crate) use call::Ask;
pub(crate) use error::{DecodeError, Refusal};
pub(crate) use estimate::Estimate;
pub(crate) use image::ImageError;
pub(crate) use logs::matching;
pub(crate) use transaction::Incoming;
pub(crate) use worker::{Stopped, Worker};

use block::Place;
use clock::Clock;
use pool::Pool;
use snapshot::Snapshots;

use crate::{
    exec::Modules,
    state::{Store, View, settings::Setting},
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
    heights: B256Map<u64>,
    /// Height and index of each transaction, by hash.
    places: B256Map<(u64, usize)>,
    /// What time it is.
    clock: Clock,
    /// Whether a transaction makes a block at once; otherwise it waits for the next one.
    automine: bool,
    /// Transactions that wait.
    pool: Pool,
    /// What can be gone back to.
    snapshots: Snapshots,
    /// Compiled programs.
    modules: Modules,
    /// Where new blocks are announced.
    heads: broadcast::Sender<Arc<Block>>,
    /// Counts changes of any kind.
    changes: watch::Sender<u64>,
}

impl Chain {
    /// A chain after the usual set-up, all of it in the unix second `genesis` or now; the clock goes on
    /// from there. `accounts` have money besides the dev account.
    ///
    /// # Errors
    /// If a transaction of the set-up is refused, which means that this chain is broken.
    pub(crate) fn new(accounts: &[Address], genesis: Option<u64>) -> Result<Self, Refusal> {
        let mut chain = Self::over(Store::default());
        let timestamp = genesis.unwrap_or_else(|| chain.clock.now());
        genesis::write(&mut chain.store, accounts);
        let place = Place {
            height: 0,
            parent: B256::ZERO,
            timestamp,
            base_fee: Setting::BaseFee.initial(),
            sends: (0, B256::ZERO),
        };
        chain.append(Block::seal(place, Vec::new()));
        chain.clock.step = Some(0);
        setup::run(&mut chain)?;
        chain.clock.step = None;
        chain.clock.set(timestamp);
        Ok(chain)
    }

    /// A chain without blocks over a state.
    fn over(store: Store) -> Self {
        Self {
            store,
            blocks: Vec::new(),
            hashes: Vec::new(),
            heights: B256Map::default(),
            places: B256Map::default(),
            clock: Clock::default(),
            automine: true,
            pool: Pool::default(),
            snapshots: Snapshots::default(),
            modules: Modules::default(),
            heads: broadcast::Sender::new(HEADS),
            changes: watch::Sender::new(0),
        }
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

    /// The newest state.
    pub(crate) fn newest(&self) -> View<'_> {
        self.store.view(self.height())
    }

    /// What time it is.
    pub(crate) const fn clock(&self) -> Clock {
        self.clock
    }

    /// Transactions that wait for a block.
    pub(crate) const fn pool(&self) -> &Pool {
        &self.pool
    }

    /// A count that rises whenever anything changes.
    pub(crate) const fn changes(&self) -> &watch::Sender<u64> {
        &self.changes
    }

    /// Counts a change.
    fn touch(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}
