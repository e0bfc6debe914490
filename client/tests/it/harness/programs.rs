//! The contracts as `scripts/wasm` built them.

use std::sync::LazyLock;

use client::Program;

/// Both contracts, agreement first.
pub(crate) static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| ["agreement", "dispatcher"].map(program));

/// A contract by its name.
fn program(name: &str) -> Program {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");
    let path = format!("{built}/{name}.wasm");
    let wasm =
        std::fs::read(&path).unwrap_or_else(|_| panic!("{path} is not there: run scripts/wasm"));
    Program::from_wasm(&wasm).unwrap()
}
