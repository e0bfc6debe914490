//! New events: each one once and in order, through outages of the node and reorgs.
//!
//! Events are read by block numbers, so an outage leaves no gap. The hashes of the last blocks are kept, so
//! a reorg is noticed.

use std::collections::{HashMap, VecDeque};

use alloy::primitives::{Address, B256};
use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use tokio::time::{Duration, sleep};

use super::record::EventRecord;
use crate::agreement::Agreement;
use crate::backend::Head;
use crate::error::MarketError;
use crate::market::Market;

/// The time between two looks for a block, and between two requests to a node that does not answer.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How many blocks are read at once.
const BLOCKS_PER_QUERY: u64 = 10_000;

/// How many block hashes are kept.
const MAX_RECENT_BLOCKS: usize = 64;

/// What a watcher yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainUpdate {
    /// A new event.
    Event(EventRecord),
    /// A reorg: the events seen in blocks after this one are undone. Those that replace them come next.
    Reorg(u64),
}

/// Yields events as they come; made by [`Market::watch`] and [`Agreement::watch`].
///
/// - **Ordering.** Every event comes once, in the order of the chain. After a reorg, [`ChainUpdate::Reorg`]
///   comes first.
/// - **Cancellation.** [`EventWatcher::next`] loses nothing if its future is dropped.
/// - **Retries.** It never fails: it polls for a block every 250 ms, and repeats whatever a node did not
///   answer.
/// - **Restarts.** It starts at the block that it is given. To continue after a restart, store the block of
///   the last event, and skip the events of that block that were seen.
/// - **Limits.** A reorg deeper than the last 64 polls that found blocks starts over from the first block.
#[derive(Clone, Debug)]
pub struct EventWatcher {
    /// The market.
    market: Market,
    /// The agreement whose events are yielded; `None` yields all.
    agreement: Option<Address>,
    /// The first block that is read.
    first_block: u64,
    /// Updates that were found and not yielded.
    pending: VecDeque<ChainUpdate>,
    /// Number and hash of the last blocks up to which events were read.
    recent_blocks: VecDeque<(u64, B256)>,
    /// Which accounts are agreements of this market.
    known_agreements: HashMap<Address, bool>,
}

impl Market {
    /// Yields all events of the market, from this block on.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// use muster_client::ChainUpdate;
    ///
    /// let mut watch = market.watch(market.node().head().await?.number);
    /// loop {
    ///     match watch.next().await {
    ///         ChainUpdate::Event(record) => println!("block {}: {:?}", record.block, record.event),
    ///         ChainUpdate::Reorg(block) => println!("all events after block {block} are undone"),
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self, from: u64) -> EventWatcher {
        EventWatcher::new(self.clone(), None, from)
    }
}

impl Agreement {
    /// Yields all events of this agreement, from its purchase on.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use futures::StreamExt;
    ///
    /// let mut updates = agreement.watch().into_stream().take(3);
    /// while let Some(update) = updates.next().await {
    ///     println!("{update:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn watch(&self) -> EventWatcher {
        EventWatcher::new(self.market().clone(), Some(self.address()), self.terms().header.block)
    }
}

impl EventWatcher {
    /// Yields events from this block on.
    fn new(market: Market, agreement: Option<Address>, first_block: u64) -> Self {
        let (pending, recent_blocks) = (VecDeque::new(), VecDeque::new());
        let known_agreements = HashMap::new();
        Self { market, agreement, first_block, pending, recent_blocks, known_agreements }
    }

    /// The next update, as soon as a block has it and a node answers. Cancel-safe.
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

    /// The updates as a stream, which never ends.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, ChainUpdate> {
        unfold(self, |mut watch| async { Some((watch.next().await, watch)) }).boxed()
    }

    /// Reads the next blocks. Returns whether there were any, or a reorg.
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
        let hash = if to == head.number {
            Some(head.hash)
        } else {
            self.market.node().chain().block_hash(to).await?
        };
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

    /// How many of the recent blocks are still in the chain.
    async fn canonical_blocks(&self, head: &Head) -> Result<usize, MarketError> {
        let mut canonical_blocks = self.recent_blocks.len();
        for (number, hash) in self.recent_blocks.iter().rev() {
            let now = match *number {
                later if later > head.number => None,
                same if same == head.number => Some(head.hash),
                earlier => self.market.node().chain().block_hash(earlier).await?,
            };
            if now == Some(*hash) {
                break;
            }
            canonical_blocks = canonical_blocks.saturating_sub(1);
        }
        Ok(canonical_blocks)
    }

    /// The first block that was not read.
    fn next_block(&self) -> u64 {
        self.recent_blocks.back().map_or(self.first_block, |(number, _)| number.saturating_add(1))
    }
}
