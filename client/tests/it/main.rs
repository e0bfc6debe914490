//! Stories of the market, told through its public interface on an embedded chain.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test that meets what it does not expect should end there"
)]

mod accept;
mod book;
mod caps;
mod doors;
mod forgery;
mod harness;
mod hostile;
mod interface;
mod life;
mod purchase;
mod quote;
mod registration;
mod report;
mod settle;
mod shuffle;
mod states;
mod testers;
mod workers;
