//! Events as they come, for readers that stay: what is new since a place, and whether blocks that were read are gone.

use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};

use alloy::primitives::{Address, B256};

use super::events::{Event, EventFilter, EventPlace, events};
use super::page::{cursor_number, parse_cursor};
use super::status::{BlockRef, head_of};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::{MarketId, REORG_DEPTH};
use crate::query_error::QueryError;

/// The most events of a part of a feed.
const PART: u32 = 100;

/// How many blocks a reader remembers, to find those that are gone.
const REMEMBERED: usize = 64;

/// The index in a block that all its events are before.
const END_OF_BLOCK: u64 = 4_294_967_295;

/// How far a reader is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPlace {
    /// The last event that was read.
    place: EventPlace,
    /// The latest blocks that were read, ascending.
    blocks: VecDeque<(u64, B256)>,
    /// How often the index had begun anew; `None` if that is not known.
    rebuilds: Option<u64>,
}

impl FeedPlace {
    /// The end of this block.
    #[must_use]
    pub fn end_of(block: &BlockRef) -> Self {
        let place = EventPlace { block: block.number, log_index: END_OF_BLOCK };
        Self { place, blocks: [(block.number, block.hash.0)].into(), rebuilds: None }
    }

    /// The block that it is in.
    #[must_use]
    pub const fn block(&self) -> u64 {
        self.place.block
    }

    /// A place as it is written, or an [`EventPlace`].
    ///
    /// # Errors
    /// [`QueryError::Cursor`].
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let bad = || QueryError::Cursor(text.into());
        let Some((numbers, hash)) = text.split_once("-0x") else {
            return Ok(Self { place: EventPlace::parse(text)?, ..Self::default() });
        };
        let [block, log_index, rebuilds] = parse_cursor(numbers).map_err(|_| bad())?;
        let block = cursor_number(block, text)?;
        let place = EventPlace { block, log_index: cursor_number(log_index, text)? };
        let hash = hash.parse().map_err(|_| bad())?;
        let rebuilds = Some(cursor_number(rebuilds, text)?);
        Ok(Self { place, blocks: [(block, hash)].into(), rebuilds })
    }

    /// The same, as far as it is written.
    fn written(&self) -> Self {
        Self { blocks: self.blocks.back().copied().into_iter().collect(), ..*self }
    }

    /// Goes back to the end of a block, which is returned.
    const fn move_back(&mut self, block: u64) -> u64 {
        self.place = EventPlace { block, log_index: END_OF_BLOCK };
        block
    }

    /// Goes on to an event, or to the end of a block.
    fn move_to(&mut self, place: EventPlace, hash: B256) {
        self.place = place;
        if self.blocks.back() != Some(&(place.block, hash)) {
            self.blocks.push_back((place.block, hash));
        }
        if self.blocks.len() > REMEMBERED {
            self.blocks.pop_front();
        }
    }
}

impl Display for FeedPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.blocks.back(), self.rebuilds) {
            (Some((_, hash)), Some(rebuilds)) => write!(f, "{}-{rebuilds}-{hash}", self.place),
            _ => self.place.fmt(f),
        }
    }
}

/// What comes next in a feed, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPart {
    /// All events after this block that were read before are void.
    pub reorg_after: Option<u64>,
    /// The next events, each with the place after it.
    pub events: Vec<(Event, FeedPlace)>,
    /// The latest block, if all its events were read.
    pub head: Option<BlockRef>,
}

/// What is new after a place, which is moved on. `subject` and `name` are those of an [`EventFilter`].
///
/// # Errors
/// [`IndexError::Database`].
pub fn feed(
    transaction: &mut dyn Transaction,
    market: MarketId,
    (subject, name): (Option<Address>, Option<&str>),
    place: &mut FeedPlace,
) -> Result<FeedPart, IndexError> {
    let Some(head) = head_of(transaction, market)? else { return Ok(FeedPart::default()) };
    let reorg_after = forget_replaced(transaction, market, place)?;
    let filter = EventFilter {
        subject,
        name: name.map(str::to_owned),
        limit: Some(PART),
        after: Some(place.place.to_string()),
        ..EventFilter::default()
    };
    let page = events(transaction, market, &filter)?;
    let mut all = Vec::new();
    for event in page.items {
        let at = EventPlace { block: event.block, log_index: event.log_index };
        place.move_to(at, event.block_hash.0);
        all.push((event, place.written()));
    }
    if let Some(next) = &page.next {
        place.place = EventPlace::parse(next)?;
        return Ok(FeedPart { reorg_after, events: all, head: None });
    }
    let end = EventPlace { block: head.number, log_index: END_OF_BLOCK };
    place.move_to(end, head.hash.0);
    Ok(FeedPart { reorg_after, events: all, head: Some(head) })
}

/// Moves a place back before the blocks that are gone. Returns the last block that is still there for sure, if any are gone.
fn forget_replaced(
    transaction: &mut dyn Transaction,
    market: MarketId,
    place: &mut FeedPlace,
) -> Result<Option<u64>, IndexError> {
    let sql = "SELECT created_block, oldest, rebuilds FROM markets WHERE id = ?1";
    let row = transaction.first(sql, &values![market.0])?.unwrap_or_default();
    let (created, oldest, rebuilds): (u64, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let before_all = created.saturating_sub(1);
    if place.rebuilds.replace(rebuilds).is_some_and(|before| before != rebuilds) {
        place.blocks.clear();
        return Ok(Some(place.move_back(before_all)));
    }
    let mut first_gone = None;
    while let Some((number, hash)) = place.blocks.back().copied() {
        if is_there(transaction, market, (number, hash), oldest)? {
            break;
        }
        first_gone = Some(number);
        place.blocks.pop_back();
    }
    let Some(first_gone) = first_gone else { return Ok(None) };
    let after = match place.blocks.back() {
        Some((number, _)) => *number,
        // Blocks were undone while this one was the latest, or later.
        None => first_gone.saturating_sub(REORG_DEPTH).max(created).saturating_sub(1),
    };
    Ok(Some(place.move_back(after)))
}

/// Whether a block is in the chain that is indexed. Blocks that cannot be undone are, even if the index has forgotten them.
fn is_there(
    transaction: &mut dyn Transaction,
    market: MarketId,
    (number, hash): (u64, B256),
    oldest: u64,
) -> Result<bool, IndexError> {
    let sql = "SELECT hash FROM blocks WHERE market = ?1 AND number = ?2";
    match transaction.first(sql, &values![market.0, number])? {
        Some(row) => Ok(row.get::<B256>(0)? == hash),
        None => Ok(number < oldest),
    }
}
