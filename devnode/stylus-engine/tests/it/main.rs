//! Tests of the engine through its public API.
//!
//! - `recorded`: answers of a Nitro node.
//! - `invalid_modules`: modules that break one rule each.
//! - `counter`: a contract of the SDK, to the last unit of ink.
//! - `hostio`: effects and costs of each family of hostios, on an in-memory chain.
//! - `profiles`: ink by function.
//! - `properties`: properties of every module.
//! - `mutated`: the fuzzer's seeds with random damage.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    reason = "a test that meets an unexpected value should end there"
)]

mod counter;
mod hostio;
mod invalid_modules;
mod ledger;
mod mutated;
mod profiles;
mod properties;
mod recorded;

use stylus_engine::StylusVersion;

/// The version whose answers are recorded.
const VERSION: StylusVersion = StylusVersion::V2;
