//! Undoing blocks.

use super::accounts::AccountRow;
use super::agreements::AgreementRow;
use super::records::{MutableTable, Record};
use super::workers::WorkerRow;
use crate::database::{DatabaseError, Transaction, Value, values};
use crate::error::IndexError;
use crate::market_id::MarketId;

/// Tables whose rows belong to one block, by the column `block`.
pub(crate) const BLOCK_TABLES: [&str; 10] = [
    "events", "subjects", "seats", "results", "reports", "places", "prices", "scores", "entries",
    "journal",
];

/// Tables whose rows change.
pub(crate) const MUTABLE_TABLES: [MutableTable; 3] =
    [WorkerRow::TABLE, AgreementRow::TABLE, AccountRow::TABLE];

/// Restores the state after block `number`. The journal must reach back so far.
pub(crate) fn restore(
    transaction: &mut dyn Transaction,
    market: MarketId,
    number: u64,
) -> Result<(), IndexError> {
    let sql = "SELECT table_name, key, row FROM journal WHERE market = ?1 AND block > ?2 \
        ORDER BY block DESC, position DESC";
    for entry in transaction.query(sql, &values![market.0, number])? {
        let name: String = entry.get(0)?;
        let table = MUTABLE_TABLES.into_iter().find(|table| table.name == name);
        let table = table.ok_or(DatabaseError::Damaged { column: 0, expected: "table" })?;
        let row: Option<String> = entry.get(2)?;
        let sql = if row.is_some() { table.upsert() } else { table.delete() };
        let mut values = decode(&row.map_or_else(|| entry.get(1), Ok)?)?;
        values.insert(0, market.0.into());
        transaction.execute(&sql, &values)?;
    }
    for table in BLOCK_TABLES {
        let sql = format!("DELETE FROM {table} WHERE market = ?1 AND block > ?2");
        transaction.execute(&sql, &values![market.0, number])?;
    }
    let sql = "DELETE FROM blocks WHERE market = ?1 AND number > ?2";
    transaction.execute(sql, &values![market.0, number])?;
    let sql = "UPDATE markets SET head = ?2 WHERE id = ?1";
    transaction.execute(sql, &values![market.0, number])?;
    Ok(())
}

/// Removes everything about a market but its identity.
pub(crate) fn clear(transaction: &mut dyn Transaction, market: MarketId) -> Result<(), IndexError> {
    let mutable = MUTABLE_TABLES.into_iter().map(|table| table.name);
    for table in BLOCK_TABLES.into_iter().chain(mutable).chain(["blocks"]) {
        transaction
            .execute(&format!("DELETE FROM {table} WHERE market = ?1"), &values![market.0])?;
    }
    let sql = "UPDATE markets SET head = NULL, oldest = created_block, rebuilds = rebuilds + 1 WHERE id = ?1";
    transaction.execute(sql, &values![market.0])?;
    Ok(())
}

/// The values of a row or a key in the journal, from their text.
fn decode(text: &str) -> Result<Vec<Value>, DatabaseError> {
    let values = serde_json::from_str(text);
    values.map_err(|_| DatabaseError::Damaged { column: 2, expected: "row of the journal" })
}

/// The text of a row or a key in the journal.
pub(crate) fn encode(values: &[Value]) -> String {
    serde_json::json!(values).to_string()
}
