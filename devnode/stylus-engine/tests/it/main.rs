//! Tests of the engine from outside, by its public names alone.
//!
//! - `recorded`: answers of a Nitro node.
//! - `refusals`: modules that break one rule each.
//! - `counter`: a contract of the SDK, to the last unit of ink.
//! - `hooks`: what each family of hooks does and costs, on a small chain made of maps.
//! - `laws`: what holds for any module.
//! - `mutated`: programs with random damage.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test that meets what it does not expect should end there"
)]

mod counter;
mod hostio;
mod invalid_modules;
mod ledger;
mod mutated;
mod properties;
mod recorded;
