//! Errors of modules that cannot be deployed.

use wasmparser::BinaryReaderError;

use super::limits::{CODE_BUDGET, CODE_LIMIT, DATA_BUDGET, WASM_LIMIT};
use crate::error::BoxError;

/// Why a module cannot, or should not, be deployed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The file is no WebAssembly module.
    #[error("the file is no WebAssembly module: give the compiler's .wasm file")]
    NotWasm(#[source] BoxError),
    /// The module is invalid, or uses a feature that Stylus does not allow.
    #[error("the module is not valid for Stylus: {0}")]
    Invalid(#[from] BinaryReaderError),
    /// The module exceeds [`WASM_LIMIT`].
    #[error("the module takes {0} bytes, and the chain's limit is {WASM_LIMIT}: make it smaller")]
    WasmTooLarge(usize),
    /// The compressed program exceeds [`CODE_LIMIT`].
    #[error(
        "the program takes {0} bytes compressed, and the chain's limit is {CODE_LIMIT}: make it smaller"
    )]
    CodeTooLarge(usize),
    /// The compressed program exceeds [`CODE_BUDGET`].
    #[error(
        "the program takes {0} bytes compressed, and {CODE_BUDGET} are allowed: make it smaller"
    )]
    OverBudget(usize),
    /// The module starts with more than one page of memory; every call pays for every page.
    #[error(
        "the module starts with {0} pages of memory where one is enough: set a stack size when linking"
    )]
    TooManyPages(u64),
    /// The data segments exceed [`DATA_BUDGET`]; every call pays for them.
    #[error(
        "the module has {0} bytes of data, and {DATA_BUDGET} are allowed: look for panic messages"
    )]
    TooMuchData(usize),
    /// The module contains a function of the panic machinery.
    #[error("the module can panic: it contains the function {0}")]
    Panics(Box<str>),
    /// The module has no names, so panics cannot be found.
    #[error("the module has no names of functions: build it without stripping them")]
    NoNames,
}
