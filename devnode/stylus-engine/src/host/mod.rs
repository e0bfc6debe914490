//! The host functions of Stylus: what a program can ask for, what it pays, what it gets.
//!
//! - [`table`]: every import by name and type, and how it is bound to the interpreter.
//! - [`hook`]: ink and memory of the program during one host call.
//! - [`price`]: the prices that several hooks share.
//! - one module for each family of hooks.
//!
//! Pointers and lengths are unsigned, words big-endian, counts that go to memory little-endian. What
//! lies behind the hooks belongs to the [`World`].

mod account;
mod block;
mod call;
mod console;
mod crypto;
mod hostio;
mod log;
mod math;
mod memory;
mod message;
mod price;
mod storage;
mod table;

use alloy_primitives::{Address, Bytes};
use wasmi::{Global, Memory};

use self::storage::StorageCache;
use crate::{EvmApi, Params};

pub(crate) use self::{
    hostio::Escape,
    table::{VM_HOOKS_MODULE, bind, import_type},
};

/// The parts of a running program that hooks reach into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceExports {
    /// The program's memory.
    pub(crate) memory: Memory,
    /// Ink that is left.
    pub(crate) ink_left: Global,
    /// Whether the ink is used up.
    pub(crate) ink_status: Global,
}

/// One call of a program, as its hooks see it.
pub(crate) struct WasmEnv<'w> {
    /// The chain.
    pub(crate) evm_api: &'w mut dyn EvmApi,
    /// The chain's settings.
    pub(crate) params: &'w Params,
    /// Calldata.
    pub(crate) input: &'w [u8],
    /// What the program has written as its result.
    pub(crate) output: Vec<u8>,
    /// The program's parts; absent until it is instantiated.
    pub(crate) exports: Option<InstanceExports>,
    /// What the last call or creation returned.
    return_data: Bytes,
    /// Storage that was read or written.
    storage_cache: StorageCache,
    /// The last code that was asked for, unless it was empty.
    last_code: Option<(Address, Bytes)>,
}

impl<'w> WasmEnv<'w> {
    /// The begin of a call.
    pub(crate) fn new(evm_api: &'w mut dyn EvmApi, params: &'w Params, input: &'w [u8]) -> Self {
        Self {
            evm_api,
            params,
            input,
            output: Vec::new(),
            exports: None,
            return_data: Bytes::new(),
            storage_cache: StorageCache::default(),
            last_code: None,
        }
    }
}
