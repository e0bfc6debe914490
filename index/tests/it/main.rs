//! Tests of the index as a whole.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test panics at the first unexpected result"
)]

mod chains;
mod identity;
mod random_events;
mod rebuild;
