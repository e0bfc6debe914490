//! Daemons on a market of the embedded chain, with letters that travel in memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test that meets what it does not expect should end there"
)]

mod chain_view;
mod client;
mod endpoint_client;
mod harness;
mod tester;
mod tx_journal;
mod worker;
