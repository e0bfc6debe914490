//! Arbitrum's precompiles: what is at which address, and how a call of one ends.
//!
//! They know the chain through [`Host`] and nothing of the EVM. A selector that Nitro does not know is
//! refused in its way; what is missing only here is listed in [`missing`].

pub(crate) mod abi;
mod arb_debug;
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
mod host;
mod unimplemented;

use alloy::primitives::{Address, Bytes, address};

pub(crate) use call::CallerInfo;
use call::{CallError, CallResult, PrecompileCall, copy_gas};
pub(crate) use errors::{ArbHalt, revert_text};
pub(crate) use host::{BlockContext, PrecompileHost};
pub(crate) use unimplemented::Unimplemented;

/// `ArbOwner`, whose calls are logged by the set-up.
pub(crate) const ARB_OWNER: Address = address!("0000000000000000000000000000000000000070");

/// `ArbWasm`, which activates programs.
pub(crate) const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// `ArbDebug`, by which anybody becomes owner of a dev chain.
pub(crate) const ARB_DEBUG: Address = address!("00000000000000000000000000000000000000ff");

/// The last bytes of the addresses of all precompiles that transactions can call.
const LOW_BYTES: [u8; 16] = [
    0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0xff,
];

/// The addresses of all precompiles that transactions can call.
pub(crate) fn addresses() -> impl Iterator<Item = Address> {
    LOW_BYTES.into_iter().map(Address::with_last_byte)
}

/// Whether there is a precompile at `address`, of Ethereum or of Arbitrum.
pub(crate) fn is_precompile(address: Address) -> bool {
    find_dispatcher(address).is_some() || revm::precompile::Precompiles::osaka().contains(&address)
}

/// How a call of a precompile ended.
#[derive(Debug)]
pub(crate) enum PrecompileStatus {
    /// It returned its output.
    Success,
    /// It reverted with its output.
    Revert,
    /// It failed and took all gas.
    Halt(ArbHalt),
    /// Nobody here knows how it would end.
    Unimplemented(Unimplemented),
}

/// What a call of a precompile came to.
#[derive(Debug)]
pub(crate) struct PrecompileOutcome {
    /// How it ended.
    pub(crate) status: PrecompileStatus,
    /// Result or revert data.
    pub(crate) output: Bytes,
    /// Gas that is left.
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
    let function = find_dispatcher(address)?;
    let mut call = PrecompileCall::new(host, caller, address, input, gas);
    let result = function(&mut call);
    if let Err(CallError::Revert(data)) = &result {
        call.burn(copy_gas(data.len()));
    }
    let (gas_left, exhausted) = (call.gas(), call.exhausted());
    let end = |status, output, gas_left| PrecompileOutcome { status, output, gas_left };
    Some(match result {
        Err(CallError::Unimplemented(missing)) => {
            end(PrecompileStatus::Unimplemented(missing), Bytes::new(), 0)
        }
        Err(CallError::Halt(fault)) => end(PrecompileStatus::Halt(fault), Bytes::new(), 0),
        _ if exhausted => end(PrecompileStatus::Revert, Bytes::new(), 0),
        Ok(output) => end(PrecompileStatus::Success, output, gas_left),
        Err(CallError::Revert(data)) => end(PrecompileStatus::Revert, data, gas_left),
        Err(CallError::EmptyRevert) => end(PrecompileStatus::Revert, Bytes::new(), gas_left),
        Err(CallError::RevertAllGas) => end(PrecompileStatus::Revert, Bytes::new(), 0),
    })
}

/// What answers calls of the precompile at `address`.
fn find_dispatcher(address: Address) -> Option<fn(&mut PrecompileCall<'_>) -> CallResult> {
    let (head, low) = (address.0.0.first_chunk::<19>()?, address.0.0.last()?);
    if *head != [0; 19] {
        return None;
    }
    Some(match low {
        0x64 => arb_sys::dispatch,
        0x65 => arb_info::dispatch,
        0x66 => arb_tables::dispatch_address_table,
        0x67 => arb_tables::dispatch_bls,
        0x68 => arb_tables::dispatch_function_table,
        0x69 => arbos_test::dispatch,
        0x6b => arb_owner_public::dispatch,
        0x6c => arb_gas_info::dispatch,
        0x6e => arb_retryable_tx::dispatch,
        0x70 => arb_owner::dispatch,
        0x71 => arb_wasm::dispatch,
        0x72 => arb_wasm_cache::dispatch,
        0xff => arb_debug::dispatch,
        low if LOW_BYTES.contains(low) => |call| Err(call.unknown_selector()),
        _ => return None,
    })
}
