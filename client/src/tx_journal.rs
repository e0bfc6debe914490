//! What is written down about transactions, so that whoever is killed in between does nothing twice.

use std::fmt::Debug;

use crate::backend::Receipt;
use crate::error::{BoxError, MarketError};
use crate::signed_tx::SignedTx;

/// Where a program keeps the transactions that it has signed until it knows what became of them.
///
/// Each is remembered before any node gets it. One that is too cheap to get into a block is replaced by
/// another with the same nonce, which is remembered as well; an outcome ends all of that account and
/// nonce. What has no outcome yet when the program starts again goes to [`crate::Node::resume`], before
/// anything that could do the same once more.
pub trait TxJournal: Debug + Send + Sync {
    /// Keeps a transaction, on the disk when this returns. The purpose is the one given to
    /// [`crate::Node::with_purpose`], else it is empty.
    ///
    /// # Errors
    /// Whatever stands against it; then the transaction is not sent.
    fn record(&self, purpose: &str, signed: &SignedTx) -> Result<(), BoxError>;

    /// Takes note of what became of all transactions of this one's account and nonce. If that cannot be
    /// kept, they stay as they are: [`crate::Node::resume`] finds out the same again.
    fn record_outcome(&self, signed: &SignedTx, outcome: &TxOutcome);
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TxOutcome {
    /// It, or its replacement, is in a block: done if the receipt is one of success, else in vain.
    Mined(Receipt),
    /// Another transaction of the account took its nonce: it did not happen and never will.
    NonceTaken,
    /// The node refused it: it did not happen.
    Rejected,
}

/// What became of the transactions of one nonce that were handed back.
#[derive(Debug)]
pub struct ResumedTx {
    /// The latest of them.
    pub tx: SignedTx,
    /// The receipt of the one that is in a block, which may be one of failure.
    pub result: Result<Receipt, MarketError>,
}
