#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

pub mod abi_macros;
mod abi_tables;
pub mod args;
pub mod chain;
pub mod entry;
pub mod host;
pub mod output;
pub mod storage;
pub mod wire;

pub use args::{AbiDecode, Args, ArrayItems};
pub use entry::CallResult;
pub use output::{AbiArray, AbiBytes, AbiEncode};
pub use storage::StorageMap;
pub use wire::{Reverted, emit, emit_parts, revert, with_calldata};

/// Size in bytes of the input buffer: the most calldata that a contract reads.
pub const INPUT_CAPACITY: usize = 15 * 1024;

/// Size in bytes of the output buffer: the longest return value, event or outgoing call.
pub const OUTPUT_CAPACITY: usize = 10 * 1024;
