//! Arbitrum's precompiles: their addresses, and the execution of a call.
//!
//! They access the chain through [`PrecompileHost`] and know nothing of the EVM. Unknown selectors
//! are rejected as in Nitro; functions that only this chain lacks are listed in [`mod@unimplemented`].

pub(crate) mod abi;
mod addresses;
mod arb_aggregator;
mod arb_debug;
mod arb_filtered_transactions_manager;
mod arb_gas_info;
mod arb_info;
mod arb_owner;
mod arb_owner_public;
mod arb_retryable_tx;
mod arb_sys;
mod arb_tables;
mod arb_wasm;
mod arb_wasm_cache;
mod arbos_test;
mod call;
mod errors;
mod gas;
mod host;
mod multi_gas;
mod newer;
mod owner_features;
mod unimplemented;

use alloy::primitives::{Address, Bytes};

use addresses::is_callable;
pub(crate) use addresses::{
    ARB_DEBUG, ARB_OWNER, NODE_INTERFACE_DEBUG, addresses, is_node_interface,
};
pub(crate) use call::CallerInfo;
use call::{CallError, CallResult, PrecompileCall};
pub(crate) use errors::{ArbHalt, revert_text};
use gas::copy_gas;
pub(crate) use host::{BlockContext, PrecompileHost};
pub(crate) use unimplemented::Unimplemented;

use crate::state::arbos_version::ArbosVersion;

/// Whether `address` is a precompile of Ethereum or Arbitrum.
pub(crate) fn is_precompile(address: Address, arbos: ArbosVersion) -> bool {
    find_dispatcher(address, arbos).is_some()
        || revm::precompile::Precompiles::osaka().contains(&address)
}

/// How a call of a precompile ended.
#[derive(Debug)]
pub(crate) enum PrecompileStatus {
    /// The call succeeded.
    Success,
    /// The call reverted.
    Revert,
    /// The call failed and consumed all gas.
    Halt(ArbHalt),
    /// The function is not implemented, so its result is unknown.
    Unimplemented(Unimplemented),
}

/// Result of a precompile call.
#[derive(Debug)]
pub(crate) struct PrecompileOutcome {
    /// How the call ended.
    pub(crate) status: PrecompileStatus,
    /// Return data or revert data.
    pub(crate) output: Bytes,
    /// Gas left.
    pub(crate) gas_left: u64,
}

/// Calls the precompile at `address`; `None` if there is none.
pub(crate) fn run(
    host: &mut dyn PrecompileHost,
    caller: CallerInfo,
    address: Address,
    input: &[u8],
    gas: u64,
) -> Option<PrecompileOutcome> {
    let dispatch = find_dispatcher(address, host.block_context().arbos)?;
    let mut call = PrecompileCall::new(host, caller, address, input, gas);
    let result = dispatch(&mut call);
    if let Err(CallError::Revert(data)) = &result {
        call.burn(copy_gas(data.len()));
    }
    let (gas_left, exhausted) = (call.gas(), call.exhausted());
    let outcome = |status, output, gas_left| PrecompileOutcome { status, output, gas_left };
    Some(match result {
        Err(CallError::Unimplemented(function)) => {
            outcome(PrecompileStatus::Unimplemented(function), Bytes::new(), 0)
        }
        Err(CallError::Halt(halt)) => outcome(PrecompileStatus::Halt(halt), Bytes::new(), 0),
        _ if exhausted => outcome(PrecompileStatus::Revert, Bytes::new(), 0),
        Ok(output) => outcome(PrecompileStatus::Success, output, gas_left),
        Err(CallError::Revert(data)) => outcome(PrecompileStatus::Revert, data, gas_left),
        Err(CallError::EmptyRevert) => outcome(PrecompileStatus::Revert, Bytes::new(), gas_left),
        Err(CallError::RevertAllGas) => outcome(PrecompileStatus::Revert, Bytes::new(), 0),
    })
}

/// The dispatcher of the precompile at `address`.
fn find_dispatcher(
    address: Address,
    arbos: ArbosVersion,
) -> Option<fn(&mut PrecompileCall<'_>) -> CallResult> {
    if !is_callable(address, arbos) {
        return None;
    }
    let low = address.0.0.last()?;
    Some(match low {
        0x64 => arb_sys::dispatch,
        0x65 => arb_info::dispatch,
        0x66 => arb_tables::dispatch_address_table,
        0x67 => arb_tables::dispatch_bls,
        0x68 => arb_tables::dispatch_function_table,
        0x69 => arbos_test::dispatch,
        0x6b => arb_owner_public::dispatch,
        0x6c => arb_gas_info::dispatch,
        0x6d => arb_aggregator::dispatch,
        0x6e => arb_retryable_tx::dispatch,
        0x70 => arb_owner::dispatch,
        0x71 => arb_wasm::dispatch,
        0x72 => arb_wasm_cache::dispatch,
        0x74 => arb_filtered_transactions_manager::dispatch,
        0xff => arb_debug::dispatch,
        _ => |call| Err(call.unknown_selector()),
    })
}
