//! Letters between parties, over memory and over relays, among strangers who mean no good.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets what it does not expect should end there"
)]

mod confidentiality;
mod forged;
mod harness;
mod hostile;
mod messages;
mod refusals;
mod relay;
mod relay_pool;
mod replays;
