//! Letters between parties, over memory and over relays, among strangers who mean no good.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that meets what it does not expect should end there"
)]

mod clear;
mod forged;
mod harness;
mod hostile;
mod letters;
mod refusals;
mod relay;
mod relays;
mod replays;
