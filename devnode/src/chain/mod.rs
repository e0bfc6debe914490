//! The chain: blocks, state, clock and pool, and every operation on them. All mutable state lives
//! here, on one thread: see [`ChainThread`].

mod access_list;
mod block;
mod call;
mod call_gas;
mod chain_thread;
mod cheats;
mod clock;
mod compression;
mod data_fee;
mod decode_error;
mod dump;
mod dump_error;
mod error;
mod estimate;
mod events;
mod fee;
mod fork;
mod genesis;
mod genesis_file;
mod header_cheats;
mod logs;
mod mine;
mod node_interface;
mod order;
mod parent_clock;
mod parity_trace;
mod pool;
mod revert;
mod rlp_fields;
mod rlp_layout;
mod setup;
mod simulate;
mod simulate_message;
mod simulate_plan;
mod snapshot;
mod state_overrides;
mod storage_range;
mod submit;
mod trace;
mod transaction;

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    primitives::{B256, map::B256Map},
};
use tokio::sync::{broadcast, watch};

pub(crate) use access_list::AccessListOutcome;
pub(crate) use block::{Block, IncludedTransaction};
pub(crate) use call::CallRequest;
pub(crate) use chain_thread::{ChainStopped, ChainThread};
pub(crate) use decode_error::TransactionDecodeError;
pub(crate) use dump_error::DumpError;
pub(crate) use error::ChainError;
pub(crate) use estimate::Estimate;
pub(crate) use events::ChainEvent;
pub(crate) use genesis::{Genesis, HASH_HISTORY};
pub(crate) use genesis_file::{GenesisError, GenesisFile};
pub(crate) use logs::LogFilter;
pub use order::TransactionOrder;
pub(crate) use parity_trace::TraceTypes;
pub(crate) use simulate::{SimulatedBlock, SimulationRequest};
pub(crate) use simulate_plan::SimulationError;
pub(crate) use storage_range::StorageRange;
pub(crate) use transaction::RecoveredTransaction;

use block::BlockParams;
use clock::ChainClock;
use header_cheats::HeaderFields;
use parent_clock::ParentClock;
use pool::TransactionPool;
use snapshot::Snapshots;

use crate::{
    exec::ModuleCache,
    state::{BlockHashes, StateView, Store, settings::Setting},
};

/// How many blocks or transactions a subscriber may lag behind.
const EVENTS_CAPACITY: usize = 1024;

/// A chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Accounts, code and storage.
    store: Store,
    /// All blocks from the first one on, by height.
    blocks: Vec<Arc<Block>>,
    /// Hashes of all blocks, by height.
    hashes: BlockHashes,
    /// Heights, by block hash.
    heights: B256Map<u64>,
    /// Height and index of each transaction, by hash.
    transaction_locations: B256Map<(u64, usize)>,
    /// The clock.
    clock: ChainClock,
    /// Beneficiary and gas limit of the following blocks.
    header_fields: HeaderFields,
    /// The clock of the parent chain.
    parent_clock: ParentClock,
    /// Whether each transaction is mined at once; otherwise it waits in the pool.
    automine: bool,
    /// Pooled transactions.
    pool: TransactionPool,
    /// Order in which they are mined.
    order: TransactionOrder,
    /// Whether the calls of what runs are logged.
    prints_traces: bool,
    /// Snapshots to revert to.
    snapshots: Snapshots,
    /// Compiled programs.
    module_cache: ModuleCache,
    /// Announces new blocks.
    heads: broadcast::Sender<ChainEvent>,
    /// Announces new transactions.
    arrivals: broadcast::Sender<ChainEvent>,
    /// Counts changes of any kind.
    changes: watch::Sender<u64>,
}

impl Chain {
    /// A chain after the set-up; the clock runs on from there.
    ///
    /// # Errors
    /// If a transaction of the set-up is rejected, which is a bug.
    pub(crate) fn new(genesis: &Genesis) -> Result<Self, ChainError> {
        let mut chain = Self::with_store(Store::default());
        let timestamp = genesis.timestamp.unwrap_or_else(|| chain.clock.now());
        chain.set_chain_id(genesis.chain_id);
        genesis.write(&mut chain.store);
        let params = BlockParams {
            height: 0,
            parent: B256::ZERO,
            timestamp,
            base_fee: Setting::BaseFee.initial(genesis.network),
            l1_height: 0,
            sends: (0, B256::ZERO),
            arbos: genesis.arbos,
            collects_tips: false,
        };
        chain.append_block(Block::seal(params, Vec::new()));
        chain.clock.block_interval = Some(0);
        setup::deploy_genesis_contracts(&mut chain)?;
        chain.clock.block_interval = None;
        chain.clock.set(timestamp);
        chain.reset_base_fee(genesis.network);
        // The set-up sets the price to zero, and its gas limits do not allow for another one.
        let price = genesis.l1_price.unwrap_or_else(|| genesis.network.l1_price());
        chain.set_l1_price(price);
        let block_time = genesis.l1_block_time.or_else(|| genesis.network.l1_block_time());
        chain.set_l1_block_time(block_time);
        chain.automine = genesis.automine;
        Ok(chain)
    }

    /// A chain without blocks on this state.
    fn with_store(store: Store) -> Self {
        Self {
            hashes: BlockHashes::new(store.fork().cloned()),
            store,
            blocks: Vec::new(),
            heights: B256Map::default(),
            transaction_locations: B256Map::default(),
            clock: ChainClock::default(),
            header_fields: HeaderFields::default(),
            parent_clock: ParentClock::default(),
            automine: true,
            pool: TransactionPool::default(),
            order: TransactionOrder::default(),
            prints_traces: false,
            snapshots: Snapshots::default(),
            module_cache: ModuleCache::default(),
            heads: broadcast::Sender::new(EVENTS_CAPACITY),
            arrivals: broadcast::Sender::new(EVENTS_CAPACITY),
            changes: watch::Sender::new(0),
        }
    }

    /// The latest block.
    pub(crate) fn latest(&self) -> &Arc<Block> {
        #[expect(clippy::expect_used, reason = "`new` and `from_dump` append block zero")]
        self.blocks.last().expect("a chain has a first block")
    }

    /// Height of the latest block.
    pub(crate) fn height(&self) -> u64 {
        self.latest().height()
    }

    /// A block by height.
    pub(crate) fn block(&self, height: u64) -> Option<&Arc<Block>> {
        let index = height.checked_sub(self.first_height())?;
        self.blocks.get(usize::try_from(index).ok()?)
    }

    /// A block by hash.
    pub(crate) fn block_by_hash(&self, hash: B256) -> Option<&Arc<Block>> {
        self.block(*self.heights.get(&hash)?)
    }

    /// The block and the index of a transaction.
    pub(crate) fn transaction(&self, hash: B256) -> Option<(&Arc<Block>, usize)> {
        let (height, index) = *self.transaction_locations.get(&hash)?;
        Some((self.block(height)?, index))
    }

    /// The block with this id; `None` if it does not exist.
    ///
    /// # Errors
    /// [`ChainError::TagNotFound`] for tags that never refer to a block here.
    pub(crate) fn find_block(&self, id: BlockId) -> Result<Option<&Arc<Block>>, ChainError> {
        Ok(match id {
            BlockId::Hash(hash) => self.block_by_hash(hash.block_hash),
            BlockId::Number(BlockNumberOrTag::Number(height)) => self.block(height),
            BlockId::Number(BlockNumberOrTag::Earliest) => self.block(0),
            BlockId::Number(BlockNumberOrTag::Latest | BlockNumberOrTag::Pending) => {
                Some(self.latest())
            }
            BlockId::Number(BlockNumberOrTag::Safe) => return Err(ChainError::TagNotFound("safe")),
            BlockId::Number(BlockNumberOrTag::Finalized) => {
                return Err(ChainError::TagNotFound("finalized"));
            }
        })
    }

    /// The block with this id.
    ///
    /// # Errors
    /// If it does not exist.
    pub(crate) fn require_block(&self, id: BlockId) -> Result<&Arc<Block>, ChainError> {
        self.find_block(id)?.ok_or(ChainError::HeaderNotFound)
    }

    /// The state after the block with this id.
    ///
    /// # Errors
    /// If the block does not exist.
    pub(crate) fn state_at(&self, id: BlockId) -> Result<StateView<'_>, ChainError> {
        Ok(self.store.view(self.require_block(id)?.height()))
    }

    /// Announces new blocks.
    pub(crate) const fn heads(&self) -> &broadcast::Sender<ChainEvent> {
        &self.heads
    }

    /// Announces accepted transactions, before they are mined.
    pub(crate) const fn arrivals(&self) -> &broadcast::Sender<ChainEvent> {
        &self.arrivals
    }

    /// The state after the latest block.
    pub(crate) fn latest_state(&self) -> StateView<'_> {
        self.store.view(self.height())
    }

    /// The clock.
    pub(crate) const fn clock(&self) -> ChainClock {
        self.clock
    }

    /// Pooled transactions.
    pub(crate) const fn pool(&self) -> &TransactionPool {
        &self.pool
    }

    /// A counter that changes with every change of the chain.
    pub(crate) const fn changes(&self) -> &watch::Sender<u64> {
        &self.changes
    }

    /// Counts a change.
    fn notify_change(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}
