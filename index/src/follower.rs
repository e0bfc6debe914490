//! Following a market on its chain.

use std::collections::{BTreeSet, HashMap};

use alloy::primitives::Address;
use futures::stream::{self, StreamExt, TryStreamExt};
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Dispatcher;
use muster_client::protocol::layout::Terms;
use muster_client::{EventRecord, Head, Market, MarketError, MarketEvent};
use tokio::task::spawn_blocking;

use crate::batch::{Batch, Block};
use crate::database::DatabaseError;
use crate::error::IndexError;
use crate::index::Index;
use crate::market_id::{MarketId, MarketIdentity};

/// The most blocks of one batch.
const MAX_BLOCKS: u64 = 10_000;

/// How many requests are made at a time. Nodes that allow fewer are asked more slowly by the client.
const CONCURRENT_REQUESTS: usize = 8;

/// How many of the known blocks are read from the database at a time when a reorg is looked for.
const BLOCKS_PER_PAGE: u64 = 64;

/// Reads a market's events into an index, one batch a step.
#[derive(Clone, Debug)]
pub struct Follower {
    /// The index.
    index: Index,
    /// The market in it.
    id: MarketId,
    /// The market on its chain.
    market: Market,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The block up to which the market is indexed.
    pub head: u64,
    /// The latest block of the chain.
    pub tip: u64,
    /// How many events were added.
    pub events: usize,
    /// Whether blocks were undone.
    pub was_reorg: bool,
}

impl Progress {
    /// Whether there is nothing to read before the next block.
    #[must_use]
    pub const fn is_at_tip(&self) -> bool {
        self.head >= self.tip && !self.was_reorg
    }
}

impl Follower {
    /// Follows this market into the index, from where the index is; a new market from its creation.
    ///
    /// # Errors
    /// [`IndexError::OtherMarket`] if the index has another market at this address, [`IndexError::NoCreationBlock`],
    /// [`IndexError::Market`], [`IndexError::Database`].
    pub async fn open(index: Index, market: Market) -> Result<Self, IndexError> {
        let created = market.created_at().await?;
        let created_hash =
            market.creation_hash().await?.ok_or(IndexError::NoCreationBlock(created))?;
        let id = index.open_market(&MarketIdentity {
            chain: market.node().chain_id(),
            dispatcher: market.dispatcher(),
            created,
            created_hash,
            settings: *market.settings(),
        })?;
        Ok(Self { index, id, market })
    }

    /// The market in the index.
    #[must_use]
    pub const fn id(&self) -> MarketId {
        self.id
    }

    /// Reads the next blocks, if there are any; after a reorg, undoes those that are gone. Cancel-safe: what was read is
    /// written as a whole or not at all.
    ///
    /// # Errors
    /// [`IndexError::Market`] if no node answers, [`IndexError::ChainMoved`] if the chain changed meanwhile: the next step tries
    /// again. [`IndexError::Database`].
    pub async fn step(&self) -> Result<Progress, IndexError> {
        let tip = self.market.node().head().await?;
        let head = self.index.head(self.id)?;
        if let Some(head) = head
            && !self.is_canonical(&head, &tip).await?
        {
            let head = self.undo(head.number, &tip).await?;
            let progress = Progress { head, tip: tip.number, events: 0, was_reorg: true };
            return Ok(progress);
        }
        let from = match head {
            Some(head) => head.number.saturating_add(1),
            None => self.market.created_at().await?,
        };
        if from > tip.number {
            let head = from.saturating_sub(1);
            return Ok(Progress { head, tip: tip.number, events: 0, was_reorg: false });
        }
        let to = tip.number.min(from.saturating_add(MAX_BLOCKS));
        let batch = self.read_batch(from, to, &tip).await?;
        let events = batch.events.len();
        self.write(move |index, id| index.apply(id, &batch)).await?;
        let market = self.market.dispatcher().to_string();
        let lag = tip.number.saturating_sub(to);
        metrics::gauge!("muster_index_lag_blocks", "market" => market)
            .set(u32::try_from(lag).unwrap_or(u32::MAX));
        metrics::counter!("muster_index_events_total")
            .increment(u64::try_from(events).unwrap_or(u64::MAX));
        Ok(Progress { head: to, tip: tip.number, events, was_reorg: false })
    }

    /// Writes to the index where that may block.
    async fn write(
        &self,
        work: impl FnOnce(&Index, MarketId) -> Result<(), IndexError> + Send + 'static,
    ) -> Result<(), IndexError> {
        let (index, id) = (self.index.clone(), self.id);
        let written = spawn_blocking(move || work(&index, id)).await;
        written.map_err(|_| DatabaseError::NoAnswer)?
    }

    /// Whether a block is in the chain with this latest block.
    async fn is_canonical(&self, block: &Block, tip: &Head) -> Result<bool, IndexError> {
        let now = match block.number {
            number if number > tip.number => None,
            number if number == tip.number => Some(tip.hash),
            number => self.market.node().block(number).await?.map(|block| block.hash),
        };
        Ok(now == Some(block.hash))
    }

    /// Undoes the blocks that are gone, of those before `below`. Returns the block up to which the market is indexed then. If
    /// none is left that the index can go back to, it begins anew.
    async fn undo(&self, mut below: u64, tip: &Head) -> Result<u64, IndexError> {
        metrics::counter!("muster_index_reorgs_total").increment(1);
        loop {
            let known = self.index.restorable(self.id, below, BLOCKS_PER_PAGE)?;
            let Some(last) = known.last() else { break };
            below = last.number;
            for block in &known {
                if self.is_canonical(block, tip).await? {
                    tracing::warn!(block = block.number, "reorg: later blocks are undone");
                    let number = block.number;
                    self.write(move |index, id| index.undo_to(id, number)).await?;
                    return Ok(number);
                }
            }
        }
        // The market itself may be gone.
        let created = self.market.created_at().await?;
        let hash = self.market.creation_hash().await?;
        let hash = hash.ok_or(IndexError::NoCreationBlock(created))?;
        let markets = self.index.markets()?;
        let ours = markets.into_iter().find(|(id, _)| *id == self.id).map(|(_, ours)| ours);
        if let Some(theirs) = ours.filter(|ours| ours.created_hash != hash) {
            let (dispatcher, theirs) = (theirs.dispatcher, theirs.created_hash);
            return Err(IndexError::OtherMarket { dispatcher, theirs, ours: hash });
        }
        tracing::warn!(
            "reorg deeper than the journal: the market is indexed again from its creation"
        );
        metrics::counter!("muster_index_rebuilds_total").increment(1);
        self.write(Index::clear).await?;
        Ok(created.saturating_sub(1))
    }

    /// Reads these blocks.
    async fn read_batch(&self, from: u64, to: u64, tip: &Head) -> Result<Batch, IndexError> {
        let known = |account| self.index.is_agreement(self.id, account);
        let events = self.market.history_after(from, to, known).await?;
        let numbers: BTreeSet<_> = events.iter().map(|event| event.block).chain([to]).collect();
        let (blocks, terms) =
            (self.read_blocks(numbers, tip).await?, self.read_terms(&events).await?);
        let batch = Batch { from, blocks, events, terms, tip: tip.number };
        // All of it is of one chain if its last block is still there.
        let head = batch.head().ok_or(IndexError::ChainMoved)?;
        if head.number == tip.number && head.hash != tip.hash {
            return Err(IndexError::ChainMoved);
        }
        let now = self.market.node().block(head.number).await?;
        if now.is_none_or(|now| now.hash != head.hash) {
            return Err(IndexError::ChainMoved);
        }
        Ok(batch)
    }

    /// Reads the headers of these blocks.
    async fn read_blocks(
        &self,
        numbers: BTreeSet<u64>,
        tip: &Head,
    ) -> Result<Vec<Block>, IndexError> {
        let tip = *tip;
        let requests = numbers.into_iter().map(|number| {
            let node = self.market.node().clone();
            async move {
                if number == tip.number {
                    return Ok(Block::from(tip));
                }
                let block = node.block(number).await?;
                block.map(Block::from).ok_or(IndexError::ChainMoved)
            }
        });
        stream::iter(requests).buffered(CONCURRENT_REQUESTS).try_collect().await
    }

    /// Reads the terms of the agreements that were bought. They never change, and the agreement's address commits to them.
    async fn read_terms(
        &self,
        events: &[EventRecord],
    ) -> Result<HashMap<Address, Terms>, IndexError> {
        let bought = events.iter().filter_map(|record| match &record.event {
            MarketEvent::Dispatcher(Dispatcher::ContractBought(event)) => Some(event.agreement),
            _ => None,
        });
        let bought: Vec<_> = bought.collect();
        let requests = bought.into_iter().map(|address| {
            let market = self.market.clone();
            async move {
                match market.agreement(address).await {
                    Ok(agreement) => Ok((address, *agreement.terms())),
                    Err(MarketError::NotAnAgreement(_)) => Err(IndexError::ChainMoved),
                    Err(error) => Err(error.into()),
                }
            }
        });
        stream::iter(requests).buffer_unordered(CONCURRENT_REQUESTS).try_collect().await
    }
}
