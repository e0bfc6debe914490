//! The contracts as `scripts/wasm` built them, or those in the folder that `MUSTER_PROGRAMS` names.

use std::path::PathBuf;
use std::sync::LazyLock;

use muster_client::Program;

/// Both contracts, agreement first.
pub(crate) static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| ["agreement", "dispatcher"].map(program));

/// A contract by its name.
fn program(name: &str) -> Program {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");
    let folder = std::env::var_os("MUSTER_PROGRAMS").map_or_else(|| built.into(), PathBuf::from);
    let path = folder.join(name).with_extension("wasm");
    let wasm = std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{} is not there: run scripts/wasm", path.display()));
    Program::from_wasm(&wasm).unwrap()
}
