//! Workers and testers.

use alloy::primitives::{Address, B256, FixedBytes};
use muster_client::protocol::reputation::ReputationWeights;

use super::records::{MutableTable, Record};
use crate::database::{DatabaseError, Row, Value, values};

/// A worker or a tester, as its last event left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkerRow {
    /// The account.
    pub(crate) account: Address,
    /// 1 for the first registration.
    pub(crate) number: u32,
    /// What it serves.
    pub(crate) application: FixedBytes<8>,
    /// X-only key for messages.
    pub(crate) message_key: B256,
    /// The whole stake in wei, and the part that is locked as bonds.
    pub(crate) stake: u128,
    /// See `stake`.
    pub(crate) locked: u128,
    /// Wei per tick.
    pub(crate) price: u128,
    /// Longest agreement in ticks.
    pub(crate) max_length: u32,
    /// Promised uptime in basis points.
    pub(crate) promise: u16,
    /// The most agreements at once.
    pub(crate) capacity: u16,
    /// Current agreements.
    pub(crate) active: u16,
    /// Whether it accepts new work.
    pub(crate) available: bool,
    /// Whether it is in its book.
    pub(crate) listed: bool,
    /// How often it was absent, modulo 2^16.
    pub(crate) misses: u16,
    /// For a tester: the last epoch whose list it is in; 0 = none.
    pub(crate) last_epoch: u32,
    /// Its reputation at the second `weighed`.
    pub(crate) weights: ReputationWeights,
    /// See `weights`.
    pub(crate) weighed: u64,
    /// The score of these weights in basis points.
    pub(crate) score: u16,
    /// The second of its registration.
    pub(crate) registered: u64,
    /// For a tester: in how many lists it was.
    pub(crate) lists: u32,
    /// For a tester: how many reports it made.
    pub(crate) reports: u32,
}

impl WorkerRow {
    /// The score at this second, in basis points.
    pub(crate) fn score_at(&self, second: u64) -> u16 {
        self.weights.decayed(second.saturating_sub(self.weighed)).score()
    }
}

impl Record for WorkerRow {
    const TABLE: MutableTable = MutableTable {
        name: "workers",
        columns: &[
            "account",
            "number",
            "application",
            "message_key",
            "stake",
            "locked",
            "price",
            "max_length",
            "promise",
            "capacity",
            "active",
            "available",
            "listed",
            "misses",
            "last_epoch",
            "good",
            "bad",
            "weighed",
            "score",
            "registered",
            "lists",
            "reports",
        ],
    };

    fn values(&self) -> Vec<Value> {
        let weights = &self.weights;
        values![
            self.account,
            self.number,
            self.application,
            self.message_key,
            self.stake,
            self.locked,
            self.price,
            self.max_length,
            self.promise,
            self.capacity,
            self.active,
            self.available,
            self.listed,
            self.misses,
            self.last_epoch,
            weights.good.to_be_bytes(),
            weights.bad.to_be_bytes(),
            self.weighed,
            self.score,
            self.registered,
            self.lists,
            self.reports,
        ]
        .into()
    }

    fn from_row(row: &Row) -> Result<Self, DatabaseError> {
        let weight = |column| row.get(column).map(u64::from_be_bytes);
        Ok(Self {
            account: row.get(0)?,
            number: row.get(1)?,
            application: row.get(2)?,
            message_key: row.get(3)?,
            stake: row.get(4)?,
            locked: row.get(5)?,
            price: row.get(6)?,
            max_length: row.get(7)?,
            promise: row.get(8)?,
            capacity: row.get(9)?,
            active: row.get(10)?,
            available: row.get(11)?,
            listed: row.get(12)?,
            misses: row.get(13)?,
            last_epoch: row.get(14)?,
            weights: ReputationWeights { good: weight(15)?, bad: weight(16)? },
            weighed: row.get(17)?,
            score: row.get(18)?,
            registered: row.get(19)?,
            lists: row.get(20)?,
            reports: row.get(21)?,
        })
    }
}
