//! Messages between parties, in memory and over relays, with forgers and eavesdroppers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test ends at the first value that it does not expect"
)]

mod confidentiality;
mod forged;
mod harness;
mod messages;
mod refusals;
mod relay_pool;
mod replays;
mod samples;
