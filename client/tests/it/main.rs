//! End-to-end tests of the market through the client, on an embedded chain.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test panics at the first unexpected result"
)]
#![expect(clippy::print_stdout, reason = "some stories print what a play costs")]

mod accept;
mod batch;
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
mod plays;
mod purchase;
mod quote;
mod receipts;
mod reentrancy;
mod registration;
mod release;
mod report;
mod reputation;
mod resign;
mod settle;
mod shares;
mod size_limits;
mod slash;
mod snapshots;
mod states;
mod testers;
mod views;
mod workers;
