//! A reader that stays, through reorgs.

use muster_client::MarketEvent;
use muster_client::protocol::abi::IWorkerDispatcher::{Credited, IWorkerDispatcherEvents};
use muster_index::query::{self, Event, FeedPlace};
use muster_index::{Index, MarketId, REORG_DEPTH};

use crate::chains::{CREATED, TestChain, open};
use crate::random_events::account;

/// An event about account `n`.
const fn credited(n: u8, amount: u128) -> MarketEvent {
    let event = Credited { account: account(n), amount };
    MarketEvent::Dispatcher(IWorkerDispatcherEvents::Credited(event))
}

/// A chain and its index, and what a reader of account 1 made of its feed.
struct Reader {
    index: Index,
    id: MarketId,
    chain: TestChain,
    place: FeedPlace,
    /// What the reader has: events after a block that is gone are dropped.
    events: Vec<Event>,
    reorgs: usize,
}

impl Reader {
    fn new(path: &std::path::Path) -> Self {
        let (index, id) = open(path);
        let place = FeedPlace::parse("0-0").unwrap();
        Self { index, id, chain: TestChain::default(), place, events: Vec::new(), reorgs: 0 }
    }

    /// Replaces the last blocks by these, in the chain and the index.
    fn replace(&mut self, gone: usize, blocks: Vec<Vec<MarketEvent>>, journaled: u64) {
        self.chain.remove(gone);
        if gone > 0 {
            let known = self.index.restorable(self.id, u64::MAX, 1_000).unwrap();
            match known.iter().find(|block| self.chain.has(block)) {
                Some(block) => self.index.undo_to(self.id, block.number).unwrap(),
                None => self.index.clear(self.id).unwrap(),
            }
        }
        for events in blocks {
            self.chain.add(events);
        }
        let from = self.index.head(self.id).unwrap().map_or(CREATED, |head| head.number + 1);
        let tip = (self.chain.next() - 1).saturating_sub(journaled) + REORG_DEPTH;
        self.index.apply(self.id, &self.chain.batch(from, tip)).unwrap();
    }

    /// Reads until nothing is new.
    fn read(&mut self) {
        loop {
            let part = self
                .index
                .read(|t| {
                    query::feed(t, self.id, (Some(account(1)), Some("Credited")), &mut self.place)
                })
                .unwrap();
            if let Some(after) = part.reorg_after {
                self.events.retain(|event| event.block <= after);
                self.reorgs += 1;
            }
            for (event, place) in &part.events {
                assert_eq!(FeedPlace::parse(&place.to_string()).as_ref(), Ok(place));
                self.events.push(event.clone());
            }
            if let Some(head) = part.head {
                assert_eq!(head.number, self.chain.next() - 1);
                return;
            }
        }
    }

    /// Asserts that the reader has what it would have if it began now.
    fn assert_complete(&mut self) {
        let mut fresh = FeedPlace::parse("0-0").unwrap();
        std::mem::swap(&mut self.place, &mut fresh);
        let before = std::mem::take(&mut self.events);
        self.read();
        let places = |events: &[Event]| -> Vec<_> {
            events.iter().map(|event| (event.block, event.log_index, event.block_hash)).collect()
        };
        assert!(places(&before) == places(&self.events), "others than now");
        self.place = fresh;
    }
}

#[test]
fn a_reader_has_every_event_once_and_hears_of_those_that_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::new(&folder.path().join("index.db"));
    let some = |seed: u64, blocks: u64| -> Vec<Vec<MarketEvent>> {
        let block = |n: u64| {
            let count = (seed + n) % 4;
            (0..count)
                .map(|e| credited(u8::try_from((n + e) % 3).unwrap(), u128::from(seed)))
                .collect()
        };
        (0..blocks).map(block).collect()
    };
    reader.replace(0, some(1, 400), 50);
    reader.read();
    assert!(reader.events.len() > 100, "several parts");
    reader.assert_complete();
    for (gone, new) in [(0, 3), (2, 3), (10, 1), (1, 1), (30, 40), (0, 1), (45, 50)] {
        let reorgs = reader.reorgs;
        reader.replace(gone, some(u64::try_from(gone).unwrap() + 7, new), 50);
        reader.read();
        assert_eq!(reader.reorgs > reorgs, gone > 0, "{gone} blocks are gone");
        reader.assert_complete();
    }
    // Deeper than the journal: the index begins anew.
    reader.replace(200, some(3, 230), 50);
    reader.read();
    reader.assert_complete();

    // Blocks without events that the index has forgotten are not taken for gone.
    let reorgs = reader.reorgs;
    reader.replace(0, vec![Vec::new(); 1], 5);
    reader.read();
    for _ in 0..100 {
        reader.replace(0, vec![Vec::new()], 5);
    }
    reader.read();
    assert_eq!(reader.reorgs, reorgs);
}

#[test]
fn a_reader_that_comes_back_with_a_block_that_is_gone_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut reader = Reader::new(&folder.path().join("index.db"));
    reader.replace(0, vec![vec![credited(1, 1)], vec![credited(1, 2)], vec![credited(1, 3)]], 50);
    reader.read();
    reader.place = FeedPlace::parse(&reader.place.to_string()).unwrap();
    reader.replace(1, vec![vec![credited(1, 4)]], 50);
    reader.read();
    assert_eq!(reader.reorgs, 1);
    reader.assert_complete();
    for bad in ["", "1", "1-2-3", "1-2-3-0x12", "1-2-0x12", "x-2-0x", "0x12"] {
        FeedPlace::parse(bad).unwrap_err();
    }
}
