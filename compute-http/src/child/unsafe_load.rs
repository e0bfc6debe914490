//! Code that was compiled before. The only unsafe code of this crate.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd},
};
use wasmtime::{Engine, Result, component::Component};

/// Maps compiled code from a file.
#[expect(unsafe_code, reason = "wasmtime cannot check native code")]
pub(super) fn load(engine: &Engine, code: &File) -> Result<Component> {
    let path = format!("/proc/self/fd/{}", code.as_fd().as_raw_fd());
    // SAFETY: the file is what wasmtime made of a component in a child process that runs nothing of it: the parent keeps
    // it without a name, and hands over only the open file. wasmtime itself checks that version, settings and processor
    // are this engine's.
    unsafe { Component::deserialize_file(engine, path) }
}
