//! Chains of events, and indexes of them.

use std::collections::HashMap;
use std::path::Path;

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::{Clock, Settings};
use muster_client::{EventRecord, MarketEvent};
use muster_index::database::{Row, SqliteDatabase};
use muster_index::{Batch, Block, Index, MarketId, MarketIdentity};

use crate::random_events::{agreement_address, terms};

/// The block in which the market was created.
pub(crate) const CREATED: u64 = 100;

/// A market.
pub(crate) const fn identity() -> MarketIdentity {
    let settings = Settings {
        clock: Clock::Second,
        acceptWindow: 5,
        reportWindow: 5,
        minLength: 10,
        maxAgreement: 1_000,
        minWindow: 5,
        epochLength: 100,
        lockEpochs: 1,
        minPool: 3,
        probes: 4,
        minPromise: 5_000,
        bondBps: 1_000,
        testerFeeBps: 100,
        minBond: 1,
        minTesterFee: 1,
        testerBond: 1,
        reputationUnit: 1,
    };
    MarketIdentity {
        chain: 42_161,
        dispatcher: Address::repeat_byte(0xdd),
        created: CREATED,
        created_hash: B256::repeat_byte(1),
        settings,
    }
}

/// An index in this file.
pub(crate) fn open(path: &Path) -> (Index, MarketId) {
    open_market(path, CREATED)
}

/// An index in this file of a market that was created in this block.
pub(crate) fn open_market(path: &Path, created: u64) -> (Index, MarketId) {
    let index = Index::new(SqliteDatabase::open(path).unwrap());
    let id = index.open_market(&MarketIdentity { created, ..identity() }).unwrap();
    (index, id)
}

/// A chain: blocks from [`CREATED`] on, each with its events.
#[derive(Debug, Default)]
pub(crate) struct TestChain {
    /// The blocks.
    pub(crate) blocks: Vec<(Block, Vec<MarketEvent>)>,
    /// How many blocks were ever made: no two have the same hash.
    made: u64,
}

impl TestChain {
    /// The number of the next block.
    pub(crate) fn next(&self) -> u64 {
        CREATED + u64::try_from(self.blocks.len()).unwrap()
    }

    /// Adds a block.
    pub(crate) fn add(&mut self, events: Vec<MarketEvent>) {
        self.made += 1;
        let number = self.next();
        let hash = B256::from(alloy::primitives::U256::from(self.made));
        self.blocks.push((Block { number, hash, time: 1_000_000 + number }, events));
    }

    /// Removes the last blocks.
    pub(crate) fn remove(&mut self, count: usize) {
        self.blocks.truncate(self.blocks.len().saturating_sub(count));
    }

    /// Whether it has a block.
    pub(crate) fn has(&self, block: &Block) -> bool {
        self.blocks.iter().any(|(ours, _)| ours == block)
    }

    /// The blocks from `from` on as a batch.
    pub(crate) fn batch(&self, from: u64, tip: u64) -> Batch {
        let new = self.blocks.iter().filter(|(block, _)| block.number >= from);
        let last = self.next() - 1;
        let mut events = Vec::new();
        let mut blocks = Vec::new();
        for (block, all) in new {
            if !all.is_empty() || block.number == last {
                blocks.push(*block);
            }
            events.extend((0..).zip(all).map(|(log_index, event)| EventRecord {
                event: event.clone(),
                block: block.number,
                log_index,
                transaction: B256::from(alloy::primitives::U256::from(block.number)),
            }));
        }
        let terms: HashMap<_, _> = (0..6).map(|n| (agreement_address(n), terms(n))).collect();
        Batch { from, blocks, events, terms, tip }
    }
}

/// All rows of an index, table by table.
pub(crate) fn dump(index: &Index) -> Vec<(&'static str, Vec<Row>)> {
    let tables = [
        "events",
        "subjects",
        "workers",
        "agreements",
        "accounts",
        "seats",
        "results",
        "reports",
        "places",
        "prices",
        "scores",
        "entries",
    ];
    index
        .read(|transaction| {
            let mut all = Vec::new();
            for table in tables {
                let mut rows = transaction.query(&format!("SELECT * FROM {table}"), &[])?;
                rows.sort();
                all.push((table, rows));
            }
            let sql = "SELECT * FROM blocks WHERE events > 0 ORDER BY number";
            all.push(("blocks", transaction.query(sql, &[])?));
            Ok(all)
        })
        .unwrap()
}
