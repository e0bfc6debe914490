//! Nodes that misbehave, transactions that get stuck, and programs that are killed in between, told on an
//! embedded chain through the backend that `MUSTER_BACKEND` names; and the examples.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect should end there"
)]

mod crash_recovery;
mod env;
mod examples;
mod journal;
mod outage;
mod stuck;
mod wait;
mod watch;

#[path = "../it/harness/backend.rs"]
mod backend;
#[path = "../it/harness/programs.rs"]
mod programs;
