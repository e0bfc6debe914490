//! The API over HTTP, of an index of a market that the test makes.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test panics at the first unexpected result"
)]

mod answers;
mod caches;
mod document;
#[path = "../../../index/tests/generator/mod.rs"]
mod generator;
mod limits;
mod refusals;
mod server;
mod streams;
mod webhooks;
