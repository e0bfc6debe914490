//! Outages of nodes, stuck transactions, crashes, waits and watchers, on an embedded chain over the
//! backend that `MUSTER_BACKEND` names; and the examples.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a test panics at the first unexpected result"
)]
#![expect(clippy::print_stdout, reason = "a story prints what its steps cost")]

mod crash_recovery;
mod env;
mod examples;
mod fees;
mod journal;
mod limits;
mod outage;
mod stuck;
mod wait;
mod watch;

#[path = "../it/harness/backend.rs"]
mod backend;
#[path = "../it/harness/programs.rs"]
mod programs;
