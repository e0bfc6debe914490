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
mod book_proptest;
mod calldata;
mod docs;
mod early_exit;
mod forgery;
mod harness;
mod hire;
mod interface;
mod lifecycle;
mod no_show;
mod purchase;
mod quote;
mod receipts;
mod reentrancy;
mod registration;
mod report;
mod reputation;
mod settle;
mod size_limits;
mod slash;
mod states;
mod testers;
mod workers;
