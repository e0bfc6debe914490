//! Agreements.

use alloy::primitives::{Address, FixedBytes};
use muster_client::protocol::MAX_REDUNDANCY;
use muster_client::protocol::course::Course;
use muster_client::protocol::layout::{MAX_TERMS, Terms};

use super::records::{MutableTable, Record};
use crate::database::{DatabaseError, Row, Value, values};

/// An agreement, as its last event left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgreementRow {
    /// Its contract.
    pub(crate) address: Address,
    /// What the client paid, in wei.
    pub(crate) escrow: u128,
    /// The block of its purchase.
    pub(crate) block: u64,
    /// The second of its purchase.
    pub(crate) bought: u64,
    /// Its terms.
    pub(crate) terms: Terms,
    /// Who took part until when.
    pub(crate) course: Course,
    /// The seed of the draw of testers; 0 before the first accept.
    pub(crate) seed: FixedBytes<16>,
    /// The workers that were settled as absent before the end, as bits.
    pub(crate) released: u8,
    /// The workers whose slots are free again, as bits.
    pub(crate) freed: u8,
    /// 0 until it is closed; 1 settled; 2 void.
    pub(crate) outcome: u8,
    /// The second in which it was closed; 0 before.
    pub(crate) closed: u64,
}

impl AgreementRow {
    /// The first tick after it, as far as that is known: 0 before the first accept.
    pub(crate) fn ends(&self) -> u64 {
        self.course.times(&self.terms).end()
    }
}

impl Record for AgreementRow {
    const TABLE: MutableTable = MutableTable {
        name: "agreements",
        columns: &[
            "address",
            "number",
            "client",
            "application",
            "escrow",
            "block",
            "bought",
            "terms",
            "start",
            "ends",
            "seed",
            "accepted",
            "resigned",
            "released",
            "freed",
            "planned",
            "departures",
            "outcome",
            "closed",
        ],
    };

    fn values(&self) -> Vec<Value> {
        let (header, course) = (&self.terms.header, &self.course);
        let mut terms = [0; MAX_TERMS];
        let length = self.terms.encode(&mut terms);
        let left: Vec<u8> = course.left.iter().flat_map(|ticks| ticks.to_be_bytes()).collect();
        values![
            self.address,
            header.number,
            header.client,
            header.application,
            self.escrow,
            self.block,
            self.bought,
            terms.get(..length).unwrap_or_default(),
            course.start,
            self.ends(),
            self.seed.as_slice(),
            course.accepted,
            course.resigned,
            self.released,
            self.freed,
            course.planned,
            left,
            self.outcome,
            self.closed,
        ]
        .into()
    }

    fn from_row(row: &Row) -> Result<Self, DatabaseError> {
        let damaged = |column, expected| DatabaseError::Damaged { column, expected };
        let terms = Terms::decode(&row.get::<Vec<u8>>(7)?).ok_or(damaged(7, "terms"))?;
        let departures: Vec<u8> = row.get(16)?;
        let mut left = [0; MAX_REDUNDANCY];
        for (ticks, bytes) in left.iter_mut().zip(departures.as_chunks().0) {
            *ticks = u32::from_be_bytes(*bytes);
        }
        let course = Course {
            start: row.get(8)?,
            accepted: row.get(11)?,
            resigned: row.get(12)?,
            left,
            planned: row.get(15)?,
        };
        Ok(Self {
            address: row.get(0)?,
            escrow: row.get(4)?,
            block: row.get(5)?,
            bought: row.get(6)?,
            terms,
            course,
            seed: row.get::<[u8; 16]>(10)?.into(),
            released: row.get(13)?,
            freed: row.get(14)?,
            outcome: row.get(17)?,
            closed: row.get(18)?,
        })
    }
}
