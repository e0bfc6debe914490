//! What tokens have spent and may still spend, and which requests were made: a file that outlives the process.
//!
//! - `database.rs`: the file.
//! - `requests.rs`: a request with an idempotency key is made once.
//! - `runs.rs`: runs of jobs, which go on after a restart.
//! - `spending.rs`: what a purchase may cost is reserved before it is made, and what it cost is charged.

mod database;
mod error;
mod requests;
mod runs;
mod spending;
#[cfg(test)]
mod tests;

pub(crate) use self::database::Ledger;
pub(crate) use self::error::LedgerError;
pub(crate) use self::requests::{Begun, Fingerprint, Request, StoredResponse};
pub(crate) use self::runs::StoredRun;
