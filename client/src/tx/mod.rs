//! Transactions: every way from a call to its receipt.
//!
//! [`TxSender`] simulates, signs and broadcasts; [`nonces`] keeps concurrent transactions apart; [`fees`]
//! holds the policy for gas and its price, and [`prices`] sees when one rose; [`pending_tx`] follows a transaction until it is mined, and
//! replaces it; [`journal`] records each one before it is sent, and [`resume`] takes up those that a crash
//! left open.

#[cfg(feature = "deploy")]
mod create;
mod fees;
mod journal;
mod nonces;
mod pending_tx;
mod prices;
mod resume;
mod sender;
#[cfg(test)]
mod tests;

pub use journal::{TxJournal, TxOutcome};
pub use resume::ResumedTx;
pub(crate) use sender::TxSender;
