//! Adding a batch of blocks.

use alloy::primitives::{Address, B256};
use muster_client::{EventRecord, MarketEvent};

use super::accounts::AccountRow;
use super::agreements::AgreementRow;
use super::records::{Record, Records};
use super::undo::encode;
use super::workers::WorkerRow;
use crate::batch::{Batch, Block};
use crate::database::{Transaction, values};
use crate::error::IndexError;
use crate::market_id::{MarketId, REORG_DEPTH};

/// Where an event is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// The block.
    pub(super) block: Block,
    /// The index of the event among the logs of the block.
    pub(super) log_index: u64,
    /// The transaction.
    pub(super) transaction: B256,
}

/// A batch that is being added.
pub(super) struct Applying<'a> {
    /// The transaction of the database.
    pub(super) database: &'a mut dyn Transaction,
    /// The market.
    pub(super) market: i64,
    /// The batch.
    pub(super) batch: &'a Batch,
    /// Where the current event is.
    pub(super) place: Place,
    /// How many events the market has, up to the current block.
    total: u64,
    /// Workers and testers.
    workers: Records<WorkerRow>,
    /// Agreements.
    agreements: Records<AgreementRow>,
    /// Accounts.
    accounts: Records<AccountRow>,
}

/// Adds a batch, which continues what is there.
pub(crate) fn apply_batch(
    transaction: &mut dyn Transaction,
    market: MarketId,
    batch: &Batch,
) -> Result<(), IndexError> {
    let Some(head) = batch.head() else { return Ok(()) };
    // What is deeper than any reorg needs no journal.
    let floor = batch.tip.saturating_sub(REORG_DEPTH);
    let total = event_count(transaction, market)?;
    let mut applying = Applying {
        database: transaction,
        market: market.0,
        batch,
        place: Place::default(),
        total,
        workers: Records::default(),
        agreements: Records::default(),
        accounts: Records::default(),
    };
    for events in batch.events.chunk_by(|one, next| one.block == next.block) {
        let number = events.first().map_or(head.number, |event| event.block);
        let block = batch.block(number).ok_or(IndexError::ChainMoved)?;
        for event in events {
            applying.place =
                Place { block, log_index: event.log_index, transaction: event.transaction };
            applying.add_event(event)?;
        }
        applying.insert_block(block, events.len())?;
        applying.end_block(block.number >= floor)?;
    }
    if batch.events.last().is_none_or(|event| event.block != head.number) {
        applying.insert_block(head, 0)?;
    }
    applying.finish(head.number, floor)
}

/// How many events a market has.
fn event_count(transaction: &mut dyn Transaction, market: MarketId) -> Result<u64, IndexError> {
    let sql =
        "SELECT total FROM blocks JOIN markets ON id = market AND head = number WHERE id = ?1";
    let row = transaction.first(sql, &values![market.0])?;
    Ok(row.map_or(Ok(0), |row| row.get(0))?)
}

impl Applying<'_> {
    /// Adds an event.
    fn add_event(&mut self, record: &EventRecord) -> Result<(), IndexError> {
        self.insert_event(record)?;
        match &record.event {
            MarketEvent::Dispatcher(event) => self.add_dispatcher_event(event)?,
            MarketEvent::Agreement(agreement, event) => {
                self.add_agreement_event(*agreement, event)?;
            }
        }
        for (position, payment) in (0..).zip(record.event.payments()) {
            self.insert_entry(position, &payment)?;
            self.change_account(payment.account, |row| row.add(payment.kind, payment.amount))?;
        }
        Ok(())
    }

    /// Adds a block.
    fn insert_block(&mut self, block: Block, events: usize) -> Result<(), IndexError> {
        let sql = "INSERT INTO blocks (market, number, hash, time, events, total) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let events = u64::try_from(events).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(events);
        let row = values![self.market, block.number, block.hash, block.time, events, self.total];
        self.database.execute(sql, &row)?;
        Ok(())
    }

    /// Ends a block: journals what it changed, if that can be undone.
    fn end_block(&mut self, is_journaled: bool) -> Result<(), IndexError> {
        let mut entries = Vec::new();
        self.workers.end_block(|key, before| journal(&mut entries, is_journaled, key, before));
        self.agreements.end_block(|key, before| journal(&mut entries, is_journaled, key, before));
        self.accounts.end_block(|key, before| journal(&mut entries, is_journaled, key, before));
        let sql = "INSERT INTO journal (market, block, position, table_name, key, row) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let block = self.place.block.number;
        for (position, (table, key, row)) in (0_u64..).zip(entries) {
            let row = values![self.market, block, position, table, key, row];
            self.database.execute(sql, &row)?;
        }
        Ok(())
    }

    /// Writes the rows that changed, and forgets what cannot be undone any more.
    fn finish(self, head: u64, floor: u64) -> Result<(), IndexError> {
        let Self { database, market, workers, agreements, accounts, .. } = self;
        workers.write(database, market)?;
        agreements.write(database, market)?;
        accounts.write(database, market)?;
        // All blocks after this one have a journal.
        let oldest = floor.min(head);
        let sql = "UPDATE markets SET head = ?2, oldest = CASE WHEN oldest < ?3 THEN ?3 ELSE oldest END WHERE id = ?1";
        database.execute(sql, &values![market, head, oldest])?;
        let sql = "DELETE FROM journal WHERE market = ?1 AND block <= ?2";
        database.execute(sql, &values![market, oldest])?;
        let sql = "DELETE FROM blocks WHERE market = ?1 AND events = 0 AND number < ?2";
        database.execute(sql, &values![market, oldest])?;
        Ok(())
    }

    /// A worker or tester; `None` if there is none.
    pub(super) fn worker(&mut self, account: Address) -> Result<Option<WorkerRow>, IndexError> {
        self.workers.get(self.database, self.market, account)
    }

    /// Adds a worker or tester.
    pub(super) fn insert_worker(&mut self, row: WorkerRow) -> Result<(), IndexError> {
        self.workers.replace(self.database, self.market, row.account, |_| Some(row))
    }

    /// Changes a worker or tester.
    pub(super) fn change_worker(
        &mut self,
        account: Address,
        change: impl FnOnce(&mut WorkerRow),
    ) -> Result<(), IndexError> {
        self.workers.change(self.database, self.market, account, change)
    }

    /// An agreement; `None` if there is none.
    pub(super) fn agreement(
        &mut self,
        address: Address,
    ) -> Result<Option<AgreementRow>, IndexError> {
        self.agreements.get(self.database, self.market, address)
    }

    /// Adds an agreement.
    pub(super) fn insert_agreement(&mut self, row: AgreementRow) -> Result<(), IndexError> {
        self.agreements.replace(self.database, self.market, row.address, |_| Some(row))
    }

    /// Changes an agreement.
    pub(super) fn change_agreement(
        &mut self,
        address: Address,
        change: impl FnOnce(&mut AgreementRow),
    ) -> Result<(), IndexError> {
        self.agreements.change(self.database, self.market, address, change)
    }

    /// Changes an account.
    pub(super) fn change_account(
        &mut self,
        account: Address,
        change: impl FnOnce(&mut AccountRow),
    ) -> Result<(), IndexError> {
        self.accounts.replace(self.database, self.market, account, |row| {
            let mut row = row.unwrap_or(AccountRow { account, ..AccountRow::default() });
            change(&mut row);
            Some(row)
        })
    }
}

/// Adds a row as it was to the journal's entries: table, key and row as texts.
fn journal<R: Record>(
    entries: &mut Vec<(&'static str, String, Option<String>)>,
    is_journaled: bool,
    key: Address,
    before: Option<R>,
) {
    if is_journaled {
        let row = before.map(|row| encode(&row.values()));
        entries.push((R::TABLE.name, encode(&values![key]), row));
    }
}
