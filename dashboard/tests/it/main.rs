//! Tests of the pages as a whole, over an index that is made of events.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test panics at the first unexpected result"
)]

mod accessibility;
mod chain;
mod document;
mod headers;
mod hostile;
mod market_events;
mod pages;
