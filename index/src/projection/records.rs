//! Mutable rows: read when an event needs them, journaled before a block changes them, written at the end of a batch.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use alloy::primitives::Address;

use crate::database::{DatabaseError, Row, Transaction, Value, values};
use crate::error::IndexError;

/// A table whose rows change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MutableTable {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its columns but the market, the key first.
    pub(crate) columns: &'static [&'static str],
}

impl MutableTable {
    /// Selects all columns of the row with market ?1 and key ?2.
    pub(crate) fn select(self) -> String {
        let Self { name, columns } = self;
        let key = columns.first().copied().unwrap_or_default();
        format!("SELECT {} FROM {name} WHERE market = ?1 AND {key} = ?2", columns.join(", "))
    }

    /// Inserts or replaces a row with market ?1 and the columns from ?2 on.
    pub(crate) fn upsert(self) -> String {
        let Self { name, columns } = self;
        let key = columns.first().copied().unwrap_or_default();
        let places: Vec<_> = (2..).zip(columns).map(|(place, _)| format!("?{place}")).collect();
        let set: Vec<_> = columns.iter().skip(1).map(|c| format!("{c} = excluded.{c}")).collect();
        format!(
            "INSERT INTO {name} (market, {}) VALUES (?1, {}) ON CONFLICT (market, {key}) DO UPDATE SET {}",
            columns.join(", "),
            places.join(", "),
            set.join(", ")
        )
    }

    /// Deletes the row with market ?1 and key ?2.
    pub(crate) fn delete(self) -> String {
        let Self { name, columns } = self;
        let key = columns.first().copied().unwrap_or_default();
        format!("DELETE FROM {name} WHERE market = ?1 AND {key} = ?2")
    }
}

/// A row of such a table.
pub(crate) trait Record: Clone + PartialEq {
    /// The table.
    const TABLE: MutableTable;

    /// The values of its columns.
    fn values(&self) -> Vec<Value>;

    /// The record of a row with these columns.
    fn from_row(row: &Row) -> Result<Self, DatabaseError>;
}

/// One row during a batch.
#[derive(Debug)]
struct Slot<R> {
    /// As it is now; `None` if there is none.
    now: Option<R>,
    /// As it was before the current block.
    before: Option<R>,
    /// Whether the current block changed it.
    is_touched: bool,
    /// Whether the batch changed it.
    is_changed: bool,
}

/// The rows of a table that the events of a batch are about.
#[derive(Debug)]
pub(crate) struct Records<R> {
    /// By key.
    slots: HashMap<Address, Slot<R>>,
    /// The keys that the current block changed, in that order.
    touched: Vec<Address>,
    /// Selects a row.
    select: String,
}

impl<R: Record> Default for Records<R> {
    fn default() -> Self {
        Self { slots: HashMap::new(), touched: Vec::new(), select: R::TABLE.select() }
    }
}

impl<R: Record> Records<R> {
    /// The row with this key.
    fn slot(
        &mut self,
        transaction: &mut dyn Transaction,
        market: i64,
        key: Address,
    ) -> Result<&mut Slot<R>, IndexError> {
        let entry = self.slots.entry(key);
        Ok(match entry {
            Entry::Occupied(slot) => slot.into_mut(),
            Entry::Vacant(empty) => {
                let row = transaction.first(&self.select, &values![market, key])?;
                let now = row.as_ref().map(R::from_row).transpose()?;
                empty.insert(Slot { now, before: None, is_touched: false, is_changed: false })
            }
        })
    }

    /// The row with this key; `None` if there is none.
    pub(crate) fn get(
        &mut self,
        transaction: &mut dyn Transaction,
        market: i64,
        key: Address,
    ) -> Result<Option<R>, IndexError> {
        Ok(self.slot(transaction, market, key)?.now.clone())
    }

    /// Replaces the row with this key by what `change` makes of it.
    pub(crate) fn replace(
        &mut self,
        transaction: &mut dyn Transaction,
        market: i64,
        key: Address,
        change: impl FnOnce(Option<R>) -> Option<R>,
    ) -> Result<(), IndexError> {
        let slot = self.slot(transaction, market, key)?;
        let is_first = !slot.is_touched;
        if is_first {
            slot.before.clone_from(&slot.now);
        }
        slot.now = change(slot.now.take());
        (slot.is_touched, slot.is_changed) = (true, true);
        if is_first {
            self.touched.push(key);
        }
        Ok(())
    }

    /// Changes the row with this key, if there is one.
    pub(crate) fn change(
        &mut self,
        transaction: &mut dyn Transaction,
        market: i64,
        key: Address,
        change: impl FnOnce(&mut R),
    ) -> Result<(), IndexError> {
        self.replace(transaction, market, key, |row| {
            row.map(|mut row| {
                change(&mut row);
                row
            })
        })
    }

    /// Ends a block: hands over the key of each row that it changed, and the row as it was.
    pub(crate) fn end_block(&mut self, mut journal: impl FnMut(Address, Option<R>)) {
        for key in self.touched.drain(..) {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.is_touched = false;
                journal(key, slot.before.take());
            }
        }
    }

    /// Writes every row that the batch changed.
    pub(crate) fn write(
        self,
        transaction: &mut dyn Transaction,
        market: i64,
    ) -> Result<(), IndexError> {
        let upsert = R::TABLE.upsert();
        for row in self.slots.into_values().filter(|slot| slot.is_changed) {
            if let Some(row) = row.now {
                let mut all = Vec::from(values![market]);
                all.extend(row.values());
                transaction.execute(&upsert, &all)?;
            }
        }
        Ok(())
    }
}
