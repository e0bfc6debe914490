//! Whatever reorgs there were, the index is the one that is built from the chain now.

use muster_client::MarketEvent;
use muster_index::{Index, IndexError, MarketId, REORG_DEPTH};
use proptest::prelude::*;

use crate::chains::{CREATED, TestChain, dump, open};
use crate::random_events::event;

/// Some blocks that replace the last `depth` ones.
#[derive(Clone, Debug)]
struct Step {
    depth: usize,
    blocks: Vec<Vec<MarketEvent>>,
    /// How many of the last blocks can be undone, so that some reorgs are deeper.
    journaled: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let depth = prop_oneof![3 => Just(0), 3 => 1_usize..4, 1 => 4_usize..30];
    let blocks = prop::collection::vec(prop::collection::vec(event(), 0..5), 0..5);
    (depth, blocks, 0_u64..12).prop_map(|(depth, blocks, journaled)| Step {
        depth,
        blocks,
        journaled,
    })
}

/// Brings an index up to a chain as a follower does. Returns whether it had to begin anew.
fn follow(index: &Index, id: MarketId, chain: &TestChain, journaled: u64) -> bool {
    let mut was_cleared = false;
    if index.head(id).unwrap().is_some_and(|head| !chain.has(&head)) {
        let known = index.restorable(id, u64::MAX, 1_000).unwrap();
        if let Some(block) = known.iter().find(|block| chain.has(block)) {
            index.undo_to(id, block.number).unwrap();
        } else {
            index.clear(id).unwrap();
            was_cleared = true;
        }
    }
    let from = index.head(id).unwrap().map_or(CREATED, |head| head.number + 1);
    let tip = (chain.next() - 1).saturating_sub(journaled) + REORG_DEPTH;
    index.apply(id, &chain.batch(from, tip)).unwrap();
    was_cleared
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn an_index_after_reorgs_is_one_that_is_built_now(steps in prop::collection::vec(step(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let (live, id) = open(&folder.path().join("live.db"));
        let mut chain = TestChain::default();
        for (number, step) in steps.into_iter().enumerate() {
            chain.remove(step.depth);
            for events in step.blocks {
                chain.add(events);
            }
            follow(&live, id, &chain, step.journaled);
            let (rebuilt, other) = open(&folder.path().join(format!("{number}.db")));
            rebuilt.apply(other, &chain.batch(CREATED, u64::MAX)).unwrap();
            prop_assert_eq!(live.head(id).unwrap(), rebuilt.head(other).unwrap());
            prop_assert_eq!(dump(&live), dump(&rebuilt));
        }
    }
}

/// An index of a chain of empty blocks.
fn quiet(path: &std::path::Path, blocks: u64, journaled: u64) -> (Index, MarketId, TestChain) {
    let (index, id) = open(path);
    let mut chain = TestChain::default();
    for _ in 0..blocks {
        chain.add(Vec::new());
        follow(&index, id, &chain, journaled);
    }
    (index, id, chain)
}

#[test]
fn a_reorg_deeper_than_the_journal_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, mut chain) = quiet(&folder.path().join("index.db"), 20, 5);
    let oldest = index.restorable(id, u64::MAX, 100).unwrap().last().unwrap().number;
    assert_eq!(oldest, CREATED + 14, "the last block, and five that can be undone");
    let deeper = index.undo_to(id, oldest - 1).unwrap_err();
    assert!(
        matches!(deeper, IndexError::TooDeep { oldest: at, wanted } if (at, wanted) == (oldest, oldest - 1)),
        "{deeper}"
    );

    chain.remove(5);
    chain.add(Vec::new());
    assert!(!follow(&index, id, &chain, 5), "the journal reaches back");
    chain.remove(10);
    chain.add(Vec::new());
    assert!(follow(&index, id, &chain, 5), "it does not reach back");
    assert_eq!(index.head(id).unwrap().unwrap().number, chain.next() - 1);
}

#[test]
fn blocks_that_do_not_continue_the_index_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, mut chain) = quiet(&folder.path().join("index.db"), 3, 5);
    chain.add(Vec::new());
    chain.add(Vec::new());
    for from in [CREATED, CREATED + 2, CREATED + 4] {
        let refused = index.apply(id, &chain.batch(from, 0)).unwrap_err();
        assert!(matches!(refused, IndexError::NotNext { .. }), "{refused}");
    }
    index.apply(id, &chain.batch(CREATED + 3, 0)).unwrap();
}

#[test]
fn blocks_without_events_are_forgotten_once_they_cannot_be_undone() {
    let folder = tempfile::tempdir().unwrap();
    let (index, id, _) = quiet(&folder.path().join("index.db"), 50, 5);
    let sql = "SELECT count(*) FROM blocks";
    let left: u64 = index.read(|t| Ok(t.first(sql, &[])?.unwrap().get(0)?)).unwrap();
    assert_eq!(left, 6);
    assert_eq!(index.restorable(id, u64::MAX, 100).unwrap().len(), 6);
}
