//! The environment of one program call.

use alloy_primitives::{Address, Bytes};
use wasmi::{Global, Memory};

use super::storage_cache::StorageCache;
use crate::{EvmApi, Params, profile::Recorder};

/// The exports of a running program that hostios access.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceExports {
    /// The program's memory.
    pub(crate) memory: Memory,
    /// Ink left.
    pub(crate) ink_left: Global,
    /// Nonzero once the ink is exhausted.
    pub(crate) ink_status: Global,
}

/// The environment of one program call, shared by its hostios.
pub(crate) struct WasmEnv<'w> {
    /// The chain.
    pub(crate) evm_api: &'w mut dyn EvmApi,
    /// The chain's settings.
    pub(crate) params: &'w Params,
    /// Calldata.
    pub(crate) input: &'w [u8],
    /// The program's result so far.
    pub(crate) output: Vec<u8>,
    /// The program's exports; `None` until it is instantiated.
    pub(crate) exports: Option<InstanceExports>,
    /// Return data of the last call or creation.
    pub(super) return_data: Bytes,
    /// Storage words read or written.
    pub(super) storage_cache: StorageCache,
    /// The last code that was loaded, unless it was empty.
    pub(super) last_code: Option<(Address, Bytes)>,
    /// The profile so far, if the call is profiled.
    pub(crate) profile: Option<Recorder>,
}

impl<'w> WasmEnv<'w> {
    /// The environment at the start of a call.
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
            profile: None,
        }
    }
}
