//! Which markets a database takes.

use alloy::primitives::{Address, B256};
use muster_index::database::SqliteDatabase;
use muster_index::{Index, IndexError, MarketIdentity, query};

use crate::chains::{TestChain, identity, open};

#[test]
fn several_markets_share_a_database_and_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let (index, first) = open(&folder.path().join("index.db"));
    let other = MarketIdentity { dispatcher: Address::repeat_byte(0xee), ..identity() };
    let second = index.open_market(&other).unwrap();
    assert_ne!(first, second);
    assert_eq!(index.open_market(&identity()).unwrap(), first, "it is there already");
    let mut chain = TestChain::default();
    chain.add(Vec::new());
    index.apply(second, &chain.batch(chain.next() - 1, 0)).unwrap();
    assert_eq!(index.head(first).unwrap(), None);
    assert_eq!(index.markets().unwrap(), [(first, identity()), (second, other)]);
    let status = index.read(|transaction| query::status(transaction)).unwrap();
    let heads: Vec<_> = status.iter().map(|market| market.head).collect();
    assert_eq!(heads, [None, Some(chain.next() - 1)]);
}

#[test]
fn another_market_at_the_same_address_is_refused_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    drop(open(&path));
    let index = Index::new(SqliteDatabase::open(&path).unwrap());
    let other = MarketIdentity { created_hash: B256::repeat_byte(2), ..identity() };
    let refused = index.open_market(&other).unwrap_err();
    assert!(
        matches!(refused, IndexError::OtherMarket { theirs, ours, .. } if (theirs, ours) == (identity().created_hash, other.created_hash)),
        "{refused}"
    );
    index.open_market(&identity()).unwrap();
}
