//! Stories of the market, told through its public interface on an embedded chain.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test that meets what it does not expect should end there"
)]

mod absent;
mod accept;
mod book;
mod caps;
mod doors;
mod forgery;
mod harness;
mod hire;
mod hostile;
mod interface;
mod leaving;
mod life;
mod papers;
mod purchase;
mod quote;
mod receipts;
mod registration;
mod report;
mod reputation;
mod settle;
mod shuffle;
mod slash;
mod states;
mod testers;
mod workers;
