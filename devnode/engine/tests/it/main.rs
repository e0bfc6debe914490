//! Tests of the engine from outside, by its public names alone.
//!
//! - `recorded`: answers of a Nitro node.
//! - `hooks`: what each family of hooks does and costs, on a small chain made of maps.
//! - `laws`: what holds for any module.

mod hooks;
mod laws;
mod ledger;
mod recorded;
