//! Hostios for calls and creations, and for their return data.

use alloy_primitives::{Address, U256};

use super::{
    hostio::{Escape, Hostio, HostioResult, len_u32, subslice},
    price,
};
use crate::{CreateRequest, SubcallKind, SubcallOutcome, SubcallRequest};

/// Ink of a call, and of a creation without a salt.
const CALL_INK: u64 = price::HOSTIO_INK + 3 * price::PTR_INK + price::EVM_API_INK;

/// Ink of a creation with a salt.
const CREATE2_INK: u64 = CALL_INK + price::PTR_INK;

/// Status of a call that failed, for any reason.
const STATUS_FAILED: u8 = 2;

/// Arguments common to all calls; pointers unless they say otherwise.
#[derive(Clone, Copy)]
struct CallArgs {
    /// Pointer to the address.
    address: u32,
    /// Pointer to the calldata.
    data: u32,
    /// Bytes of calldata.
    len: u32,
    /// Pointer to the value, if the call has one.
    value: Option<u32>,
    /// Maximum gas to forward.
    gas: u64,
    /// Pointer for the length of the return data.
    returned: u32,
}

/// Calls a contract with value.
pub(super) fn call_contract(
    hostio: &mut Hostio<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    value: u32,
    gas: u64,
    returned: u32,
) -> HostioResult<u32> {
    let value = Some(value);
    call(hostio, SubcallKind::Call, CallArgs { address, data, len, value, gas, returned })
}

/// Runs another contract's code on this program's storage.
pub(super) fn delegate_call_contract(
    hostio: &mut Hostio<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    gas: u64,
    returned: u32,
) -> HostioResult<u32> {
    let value = None;
    call(hostio, SubcallKind::Delegate, CallArgs { address, data, len, value, gas, returned })
}

/// Calls a contract that must not change state.
pub(super) fn static_call_contract(
    hostio: &mut Hostio<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    gas: u64,
    returned: u32,
) -> HostioResult<u32> {
    let value = None;
    call(hostio, SubcallKind::Static, CallArgs { address, data, len, value, gas, returned })
}

/// Any call. Returns zero on success.
fn call(hostio: &mut Hostio<'_, '_>, kind: SubcallKind, arguments: CallArgs) -> HostioResult<u32> {
    let CallArgs { address, data, len, value, gas, returned } = arguments;
    hostio.charge(CALL_INK)?;
    hostio.charge(price::read_ink(len).saturating_mul(2))?;
    let gas_left = hostio.gas()?;
    let gas_requested = gas.min(gas_left);
    let to = hostio.read_address(address)?;
    let input = hostio.read_bytes(data, len)?;
    let value = value.map(|at| hostio.read_u256(at)).transpose()?;
    trace_call(hostio, to, gas, value, &input);

    let value = value.unwrap_or_default();
    let request = SubcallRequest { kind, to, value, input, gas_left, gas_requested };
    let SubcallOutcome { success, cost, output, .. } = hostio.evm_api().call(request);
    hostio.charge_gas(cost)?;
    let size = len_u32(&output)?;
    hostio.env().return_data = output;
    hostio.write_u32(returned, size)?;

    let status = if success { 0 } else { STATUS_FAILED };
    hostio.trace_outs(&[&size.to_be_bytes(), &[status]]);
    Ok(status.into())
}

/// Traces the arguments of a call.
fn trace_call(
    hostio: &mut Hostio<'_, '_>,
    to: Address,
    gas: u64,
    value: Option<U256>,
    input: &[u8],
) {
    hostio.trace_args(&[to.as_slice(), &gas.to_be_bytes()]);
    if let Some(value) = value {
        hostio.trace_args(&[&value.to_be_bytes::<32>()]);
    }
    hostio.trace_args(&[input]);
}

/// Creates a contract at an address derived from the nonce.
pub(super) fn create1(
    hostio: &mut Hostio<'_, '_>,
    code: u32,
    len: u32,
    value: u32,
    contract: u32,
    reverted: u32,
) -> HostioResult {
    hostio.charge(CALL_INK)?;
    create(hostio, (code, len), value, None, (contract, reverted))
}

/// Creates a contract at an address derived from a salt.
pub(super) fn create2(
    hostio: &mut Hostio<'_, '_>,
    code: u32,
    len: u32,
    value: u32,
    salt: u32,
    contract: u32,
    reverted: u32,
) -> HostioResult {
    hostio.charge(CREATE2_INK)?;
    create(hostio, (code, len), value, Some(salt), (contract, reverted))
}

/// Any creation. `code` is pointer and length of the init code; `results` are the pointers for the
/// address (zero on failure) and for the length of the revert data.
fn create(
    hostio: &mut Hostio<'_, '_>,
    code: (u32, u32),
    value: u32,
    salt: Option<u32>,
    results: (u32, u32),
) -> HostioResult {
    hostio.charge(price::read_ink(code.1).saturating_mul(2))?;
    let gas_left = hostio.gas()?;
    let code = hostio.read_bytes(code.0, code.1)?;
    let value = hostio.read_u256(value)?;
    let salt = salt.map(|at| hostio.read_word(at)).transpose()?;
    hostio.trace_args(&[&value.to_be_bytes::<32>()]);
    if let Some(salt) = salt {
        hostio.trace_args(&[salt.as_slice()]);
    }
    hostio.trace_args(&[&code]);

    let outcome = hostio.evm_api().create(CreateRequest { code, value, salt, gas_left });
    let SubcallOutcome { cost, output, created, .. } = outcome.ok_or(Escape::Failure)?;
    hostio.charge_gas(cost)?;
    let size = len_u32(&output)?;
    hostio.env().return_data = output;
    let created = created.unwrap_or_default();
    hostio.write(results.0, created.as_slice())?;
    hostio.write_u32(results.1, size)?;
    hostio.trace_outs(&[created.as_slice(), &size.to_be_bytes()]);
    Ok(())
}

/// Writes a part of the last return data to `to` and returns its length.
pub(super) fn read_return_data(
    hostio: &mut Hostio<'_, '_>,
    to: u32,
    offset: u32,
    size: u32,
) -> HostioResult<u32> {
    hostio.charge(price::HOSTIO_INK + price::EVM_API_INK)?;
    let part = subslice(&hostio.env().return_data, offset, size);
    let len = len_u32(&part)?;
    hostio.charge(price::write_ink(len))?;
    if len > 0 {
        hostio.write(to, &part)?;
    }
    hostio.trace_args(&[&offset.to_be_bytes(), &size.to_be_bytes()]);
    hostio.trace_outs(&[&part]);
    Ok(len)
}

/// Returns the length of the last return data.
pub(super) fn return_data_size(hostio: &mut Hostio<'_, '_>) -> HostioResult<u32> {
    hostio.charge(price::HOSTIO_INK)?;
    let size = len_u32(&hostio.env().return_data)?;
    hostio.trace_outs(&[&size.to_be_bytes()]);
    Ok(size)
}
