//! Daemons on a market of the embedded chain, with an in-memory transport for messages.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test fails where something unexpected happens"
)]

mod chain_view;
mod client;
mod compute;
mod echo_service;
mod endpoint_client;
mod faulty_transport;
mod front_proxy;
mod harness;
mod job_worker;
mod plays;
mod probing;
mod tester;
mod tx_journal;
mod worker;
