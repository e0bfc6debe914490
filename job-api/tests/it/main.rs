//! The server of jobs over HTTP, with a real runner.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::integer_division,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod blobs;
mod document;
mod jobs;
mod kill;
mod memory;
mod refusals;
mod restart;
mod server;
mod turns;

/// A program whose `_start` is this.
fn start(body: &str) -> Vec<u8> {
    let text = format!(r#"(module (memory (export "memory") 1) (func (export "_start") {body}))"#);
    wat::parse_str(text).unwrap()
}

/// A program that never ends.
fn endless() -> Vec<u8> {
    start("(loop (br 0))")
}
