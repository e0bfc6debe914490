//! What both contracts are made with.
//!
//! | module | owns |
//! | --- | --- |
//! | [`host`] | the Stylus host functions, as safe calls; the only unsafe code |
//! | [`args`] | calldata, read strictly and without copies |
//! | [`out`] | the one buffer for results, events, refusals and outgoing calls, and how values are written |
//! | [`wire`] | how refusals, events and outgoing calls are written |
//! | [`store`] | storage words as typed maps |
//! | [`chain`] | questions to Arbitrum itself: L2 height, block hashes |
//! | [`entry`] | from the host's call to a contract's routing table and back |
//!
//! Nothing here allocates or panics. Of the market it knows the shapes (`tables`), not the rules. A fallible function returns
//! [`Refused`], which is empty: the reason waits in the output buffer.
#![cfg_attr(target_arch = "wasm32", no_std)]

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

/// Bytes of the longest calldata that is read, and of the longest answer, event or outgoing call.
pub const BUFFER_CAPACITY: usize = 10 * 1024;
