//! A disk that is full, and a database that somebody else holds.

use muster_index::database::{Transaction, Value};
use muster_index::{Index, IndexError, MarketId};

use crate::chains::{dump, open_market};
use crate::generator::{self, Accounts, MarketGenerator};

const ACCOUNTS: Accounts = Accounts { workers: 12, testers: 5, clients: 2, applications: 3 };

/// Changes a setting of the connection that writes.
fn set(index: &Index, pragma: &str) {
    let set = |transaction: &mut dyn Transaction| Ok(transaction.query(pragma, &[])?);
    let answer = index.write(set).unwrap();
    assert!(matches!(answer[0].0[0], Value::Integer(_)), "{pragma}");
}

/// An index with some events, and what comes next.
fn index(path: &std::path::Path) -> (Index, MarketId, MarketGenerator) {
    let (index, id) = open_market(path, generator::FIRST_BLOCK);
    let mut market = MarketGenerator::new(ACCOUNTS);
    index.apply(id, &market.batch(200)).unwrap();
    (index, id, market)
}

/// Asserts that a batch fails for a while, changes nothing, and is added when the cause is gone.
fn assert_waits(
    (index, id, mut market): (Index, MarketId, MarketGenerator),
    mend: impl FnOnce(&Index),
) {
    let (before, head) = (dump(&index), index.head(id).unwrap());
    let batch = market.batch(2_000);
    let failed = index.apply(id, &batch).unwrap_err();
    assert!(failed.is_temporary() && matches!(failed, IndexError::Database(_)), "{failed}");
    assert_eq!(index.head(id).unwrap(), head);
    assert!(dump(&index) == before, "nothing is written");
    mend(&index);
    index.apply(id, &batch).unwrap();
    assert_eq!(index.head(id).unwrap(), batch.head());
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let made = index(&folder.path().join("index.db"));
    // The smallest limit is the size that the file has.
    set(&made.0, "PRAGMA max_page_count = 1");
    assert_waits(made, |index| set(index, "PRAGMA max_page_count = 1000000"));
}

#[test]
fn a_database_that_somebody_else_holds_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let made = index(&path);
    set(&made.0, "PRAGMA busy_timeout = 1");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_waits(made, |_| other.execute_batch("ROLLBACK").unwrap());
}
