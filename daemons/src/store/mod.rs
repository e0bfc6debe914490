//! The state file: one `SQLite` database for each daemon. What it holds is written before the daemon acts on it.
//!
//! `database.rs` opens it; every other file here reads and writes one kind of row. The tables are in `tables.sql`.

mod admissions;
mod agreements;
mod database;
mod endpoints;
mod error;
mod flags;
mod identity;
mod jobs;
mod passes;
mod probes;
mod replay_guard;
mod secrets;
mod sessions;
#[cfg(test)]
mod tests;
mod tx_journal;

pub use self::database::Store;
pub use self::endpoints::EndpointId;
pub use self::error::StoreError;
pub use self::identity::{Identity, Role};
pub use self::jobs::{StoredAnswer, StoredJob};
pub use self::probes::{Measurement, ProbeId};
