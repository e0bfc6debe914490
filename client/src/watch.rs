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
use crate::error::MarketError;
use crate::events::Happening;
use crate::market::Market;
use crate::node::chain_fault;
use crate::transport::Head;

/// How often to look for a block, and how long to wait for a node that does not answer.
const POLL: Duration = Duration::from_millis(250);

/// How many blocks are asked for at once.
const SPAN: u64 = 10_000;

/// How many blocks are remembered by their hashes.
const TRAIL: usize = 64;

/// What a watcher sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Something happened.
    Happened(Happening),
    /// The chain moved back: what was seen in blocks after this one is no longer so. What happened in
    /// their stead comes next.
    MovedBack(u64),
}

/// Sees what happens; see [`Market::watch`] and [`Agreement::watch`].
#[derive(Clone, Debug)]
pub struct Watch {
    /// Where.
    market: Market,
    /// Whether only what concerns one agreement is seen.
    only: Option<Address>,
    /// The first block that was ever asked for.
    first: u64,
    /// What has been found and not been seen.
    found: VecDeque<Sighting>,
    /// Number and hash of the last blocks up to which everything was found.
    trail: VecDeque<(u64, B256)>,
    /// Who is an agreement of this market.
    genuine: HashMap<Address, bool>,
}

impl Market {
    /// Sees everything that happens on the market, from this block on.
    #[must_use]
    pub fn watch(&self, from: u64) -> Watch {
        Watch::new(self.clone(), None, from)
    }
}

impl Agreement {
    /// Sees everything that happened and happens to this agreement.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(self.market().clone(), Some(self.address()), self.terms().header.block)
    }
}

impl Watch {
    /// Sees from this block on.
    fn new(market: Market, only: Option<Address>, first: u64) -> Self {
        let (found, trail, genuine) = (VecDeque::new(), VecDeque::new(), HashMap::new());
        Self { market, only, first, found, trail, genuine }
    }

    /// The next thing that happens, as soon as a block has it and a node answers. Nothing is lost if this is
    /// given up and called again.
    pub async fn next(&mut self) -> Sighting {
        loop {
            if let Some(sighting) = self.found.pop_front() {
                return sighting;
            }
            if !matches!(self.look().await, Ok(true)) {
                sleep(POLL).await;
            }
        }
    }

    /// The same as a stream, which never ends.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, Sighting> {
        unfold(self, |mut watch| async { Some((watch.next().await, watch)) }).boxed()
    }

    /// Looks at the next blocks; whether there were any, or fewer than before.
    async fn look(&mut self) -> Result<bool, MarketError> {
        let head = self.market.node().head().await?;
        let kept = self.kept(&head).await?;
        if kept < self.trail.len() {
            self.trail.truncate(kept);
            self.found.push_back(Sighting::MovedBack(self.next_block().saturating_sub(1)));
            return Ok(true);
        }
        let from = self.next_block();
        if from > head.number {
            return Ok(false);
        }
        let to = head.number.min(from.saturating_add(SPAN));
        let hash = if to == head.number { Some(head.hash) } else { self.hash(to).await? };
        let Some(hash) = hash else { return Ok(false) };
        let found = match self.only {
            None => self.market.history_among(from, to, &mut self.genuine).await?,
            Some(agreement) => self.market.history_of(agreement, from, to).await?,
        };
        self.found.extend(found.into_iter().map(Sighting::Happened));
        self.trail.push_back((to, hash));
        if self.trail.len() > TRAIL {
            self.trail.pop_front();
        }
        Ok(true)
    }

    /// How many of the blocks on the trail are still in the chain.
    async fn kept(&self, head: &Head) -> Result<usize, MarketError> {
        let mut kept = self.trail.len();
        for (number, hash) in self.trail.iter().rev() {
            let now = match *number {
                later if later > head.number => None,
                same if same == head.number => Some(head.hash),
                earlier => self.hash(earlier).await?,
            };
            if now == Some(*hash) {
                break;
            }
            kept = kept.saturating_sub(1);
        }
        Ok(kept)
    }

    /// The hash of a block.
    async fn hash(&self, number: u64) -> Result<Option<B256>, MarketError> {
        self.market.node().chain.block_hash(number).await.map_err(chain_fault)
    }

    /// The first block that was not looked at.
    fn next_block(&self) -> u64 {
        self.trail.back().map_or(self.first, |(number, _)| number.saturating_add(1))
    }
}
