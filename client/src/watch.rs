//! The market's history as it comes: every event once, in order, however the node behaves.
//!
//! It is asked for by block numbers, so what happened while nobody could ask is filled in. A handful of
//! block hashes is remembered, so it is noticed when the chain moved back.

use std::collections::{HashMap, VecDeque};

use alloy::primitives::{Address, B256};
use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use tokio::time::{Duration, sleep};

use crate::agreement::Agreement;
use crate::backend::Head;
use crate::error::MarketError;
use crate::events::EventRecord;
use crate::market::Market;
use crate::node::backend_error;

/// How often to look for a block, and how long to wait for a node that does not answer.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How many blocks are asked for at once.
const BLOCKS_PER_QUERY: u64 = 10_000;

/// How many blocks are remembered by their hashes.
const MAX_RECENT_BLOCKS: usize = 64;

/// What a watcher sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainUpdate {
    /// Something happened.
    Event(EventRecord),
    /// The chain moved back: what was seen in blocks after this one is no longer so. What happened in
    /// their stead comes next.
    Reorg(u64),
}

/// Sees what happens; see [`Market::watch`] and [`Agreement::watch`].
#[derive(Clone, Debug)]
pub struct EventWatcher {
    /// Where.
    market: Market,
    /// Whether only what concerns one agreement is seen.
    agreement: Option<Address>,
    /// The first block that was ever asked for.
    first_block: u64,
    /// What has been found and not been seen.
    pending: VecDeque<ChainUpdate>,
    /// Number and hash of the last blocks up to which everything was found.
    recent_blocks: VecDeque<(u64, B256)>,
    /// Who is an agreement of this market.
    known_agreements: HashMap<Address, bool>,
}

impl Market {
    /// Sees everything that happens on the market, from this block on.
    #[must_use]
    pub fn watch(&self, from: u64) -> EventWatcher {
        EventWatcher::new(self.clone(), None, from)
    }
}

impl Agreement {
    /// Sees everything that happened and happens to this agreement.
    #[must_use]
    pub fn watch(&self) -> EventWatcher {
        EventWatcher::new(self.market().clone(), Some(self.address()), self.terms().header.block)
    }
}

impl EventWatcher {
    /// Sees from this block on.
    fn new(market: Market, only: Option<Address>, first: u64) -> Self {
        let (found, recent_blocks, known_agreements) =
            (VecDeque::new(), VecDeque::new(), HashMap::new());
        Self {
            market,
            agreement: only,
            first_block: first,
            pending: found,
            recent_blocks,
            known_agreements,
        }
    }

    /// The next thing that happens, as soon as a block has it and a node answers. Nothing is lost if this is
    /// given up and called again.
    pub async fn next(&mut self) -> ChainUpdate {
        loop {
            if let Some(update) = self.pending.pop_front() {
                return update;
            }
            if !matches!(self.poll().await, Ok(true)) {
                sleep(POLL_INTERVAL).await;
            }
        }
    }

    /// The same as a stream, which never ends.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, ChainUpdate> {
        unfold(self, |mut watch| async { Some((watch.next().await, watch)) }).boxed()
    }

    /// Looks at the next blocks; whether there were any, or fewer than before.
    async fn poll(&mut self) -> Result<bool, MarketError> {
        let head = self.market.node().head().await?;
        let canonical_blocks = self.canonical_blocks(&head).await?;
        if canonical_blocks < self.recent_blocks.len() {
            self.recent_blocks.truncate(canonical_blocks);
            self.pending.push_back(ChainUpdate::Reorg(self.next_block().saturating_sub(1)));
            return Ok(true);
        }
        let from = self.next_block();
        if from > head.number {
            return Ok(false);
        }
        let to = head.number.min(from.saturating_add(BLOCKS_PER_QUERY));
        let hash = if to == head.number { Some(head.hash) } else { self.block_hash(to).await? };
        let Some(hash) = hash else { return Ok(false) };
        let found = match self.agreement {
            None => self.market.history_with_cache(from, to, &mut self.known_agreements).await?,
            Some(agreement) => self.market.agreement_history(agreement, from, to).await?,
        };
        self.pending.extend(found.into_iter().map(ChainUpdate::Event));
        self.recent_blocks.push_back((to, hash));
        if self.recent_blocks.len() > MAX_RECENT_BLOCKS {
            self.recent_blocks.pop_front();
        }
        Ok(true)
    }

    /// How many of the blocks on the trail are still in the chain.
    async fn canonical_blocks(&self, head: &Head) -> Result<usize, MarketError> {
        let mut canonical_blocks = self.recent_blocks.len();
        for (number, hash) in self.recent_blocks.iter().rev() {
            let now = match *number {
                later if later > head.number => None,
                same if same == head.number => Some(head.hash),
                earlier => self.block_hash(earlier).await?,
            };
            if now == Some(*hash) {
                break;
            }
            canonical_blocks = canonical_blocks.saturating_sub(1);
        }
        Ok(canonical_blocks)
    }

    /// The hash of a block.
    async fn block_hash(&self, number: u64) -> Result<Option<B256>, MarketError> {
        self.market.node().backend.block_hash(number).await.map_err(backend_error)
    }

    /// The first block that was not looked at.
    fn next_block(&self) -> u64 {
        self.recent_blocks.back().map_or(self.first_block, |(number, _)| number.saturating_add(1))
    }
}
