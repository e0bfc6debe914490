//! Code that was compiled before. The only unsafe code of this crate.

use std::fs::File;
use wasmtime::{Engine, Module, Result};

/// Maps compiled code from a file.
#[expect(unsafe_code, reason = "wasmtime cannot check native code")]
pub(super) fn load(engine: &Engine, code: File) -> Result<Module> {
    // SAFETY: the file is what wasmtime made of a module in a child process that runs no module: the parent keeps it in
    // a private folder, never changes it, and compares its MAC before it hands over the open file. wasmtime itself
    // checks that version, settings and processor are this engine's.
    unsafe { Module::deserialize_open_file(engine, code) }
}
