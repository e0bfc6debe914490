//! Tests of the index as a whole.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test panics at the first unexpected result"
)]

mod bad_disk;
mod chains;
mod feed;
#[path = "../generator/mod.rs"]
mod generator;
mod guide;
mod identity;
mod lists;
mod notices;
mod queries;
mod random_events;
mod read_cost;
mod rebuild;
