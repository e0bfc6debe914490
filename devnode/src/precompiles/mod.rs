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
mod missing;

use alloy::primitives::{Address, Bytes, address};

pub(crate) use call::Caller;
use call::{Answer, Call, Stop, copy_gas};
pub(crate) use errors::{Fault, revert_text};
pub(crate) use host::{Facts, Host};
pub(crate) use missing::Missing;

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
pub(crate) fn exists(address: Address) -> bool {
    find(address).is_some() || revm::precompile::Precompiles::osaka().contains(&address)
}

/// How a call of a precompile ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// It returned its output.
    Success,
    /// It reverted with its output.
    Revert,
    /// It failed and took all gas.
    Fault(Fault),
    /// Nobody here knows how it would end.
    Missing(Missing),
}

/// What a call of a precompile came to.
#[derive(Debug)]
pub(crate) struct Done {
    /// How it ended.
    pub(crate) ending: Ending,
    /// Result or revert data.
    pub(crate) output: Bytes,
    /// Gas that is left.
    pub(crate) gas_left: u64,
}

/// Calls the precompile at `address`; `None` if there is none.
pub(crate) fn run(
    host: &mut dyn Host,
    caller: Caller,
    address: Address,
    input: &[u8],
    gas: u64,
) -> Option<Done> {
    let function = find(address)?;
    let mut call = Call::new(host, caller, address, input, gas);
    let answer = function(&mut call);
    if let Err(Stop::Error(data)) = &answer {
        call.burn(copy_gas(data.len()));
    }
    let (gas_left, exhausted) = (call.gas(), call.exhausted());
    let end = |ending, output, gas_left| Done { ending, output, gas_left };
    Some(match answer {
        Err(Stop::Missing(missing)) => end(Ending::Missing(missing), Bytes::new(), 0),
        Err(Stop::Fault(fault)) => end(Ending::Fault(fault), Bytes::new(), 0),
        _ if exhausted => end(Ending::Revert, Bytes::new(), 0),
        Ok(output) => end(Ending::Success, output, gas_left),
        Err(Stop::Error(data)) => end(Ending::Revert, data, gas_left),
        Err(Stop::Plain) => end(Ending::Revert, Bytes::new(), gas_left),
        Err(Stop::Refused) => end(Ending::Revert, Bytes::new(), 0),
    })
}

/// What answers calls of the precompile at `address`.
fn find(address: Address) -> Option<fn(&mut Call<'_>) -> Answer> {
    let (head, low) = (address.0.0.first_chunk::<19>()?, address.0.0.last()?);
    if *head != [0; 19] {
        return None;
    }
    Some(match low {
        0x64 => arb_sys::answer,
        0x65 => arb_info::answer,
        0x66 => arb_tables::addresses,
        0x67 => arb_tables::bls,
        0x68 => arb_tables::functions,
        0x69 => arbos_test::answer,
        0x6b => arb_owner_public::answer,
        0x6c => arb_gas_info::answer,
        0x6e => arb_retryable_tx::answer,
        0x70 => arb_owner::answer,
        0x71 => arb_wasm::answer,
        0x72 => arb_wasm_cache::answer,
        0xff => arb_debug::answer,
        low if LOW_BYTES.contains(low) => |call| Err(call.unknown()),
        _ => return None,
    })
}
