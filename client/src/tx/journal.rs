//! The journal: what is recorded of transactions, so that a program that crashes sends nothing twice.

use std::fmt::Debug;
use std::sync::Arc;

use crate::backend::{Receipt, SignedTx};
use crate::error::{BoxError, MarketError};

/// Where a program keeps the transactions that it signed, until it knows their outcomes.
///
/// - **Ordering.** [`TxJournal::record`] returns before any node gets the transaction. A replacement, which
///   has the same account and nonce and pays more, is recorded in the same way, after the transaction that
///   it replaces. [`TxJournal::record_outcome`] comes last, and settles all transactions of that account
///   and nonce.
/// - **Concurrency.** Both methods are called from the tasks that send, also at the same time for different
///   nonces. They block the task, so they must be short: one insert into a local store.
/// - **Cancellation.** If the future that sends is dropped, or the program ends, there is no outcome. At
///   the next start, give every transaction without an outcome to [`crate::Node::resume`], before anything
///   that could repeat what they were for.
/// - **Retries.** Neither method is called again for the same transaction, whatever it returned, except that
///   [`crate::Node::resume`] reports the outcome of what it is given.
/// - **Errors.** If `record` fails, the transaction is not sent. If it was stored all the same, resuming it
///   sends it.
pub trait TxJournal: Debug + Send + Sync {
    /// Stores a transaction durably, under the purpose that [`crate::Node::with_purpose`] set, or an empty one.
    ///
    /// # Errors
    /// Any; the caller of the verb gets [`MarketError::Journal`], and nothing is sent.
    fn record(&self, purpose: &str, signed: &SignedTx) -> Result<(), BoxError>;

    /// Stores the outcome of all transactions with this one's account and nonce. If that fails, they stay
    /// open, and [`crate::Node::resume`] finds the same outcome again.
    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome);
}

/// The outcome of the transactions of one account and nonce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxOutcome {
    /// One of them was mined; its receipt tells whether it succeeded or reverted.
    Mined(Receipt),
    /// Another transaction of the account was mined with the nonce: none of them ever will be.
    NonceTaken,
    /// The node rejected it: it is in no pool.
    Rejected,
}

/// A journal, if there is one, and the purpose that it gets.
#[derive(Clone, Debug, Default)]
pub(super) struct JournalHandle {
    /// The journal.
    pub(super) journal: Option<Arc<dyn TxJournal>>,
    /// The purpose.
    pub(super) purpose: Arc<str>,
}

impl JournalHandle {
    /// Records a transaction.
    pub(super) fn record(&self, signed: &SignedTx) -> Result<(), MarketError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        journal.record(&self.purpose, signed).map_err(MarketError::Journal)
    }

    /// Records the outcome of a transaction.
    pub(super) fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome) {
        if let Some(journal) = &self.journal {
            journal.record_outcome(signed, outcome);
        }
    }
}
