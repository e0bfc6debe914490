//! Hooks for calls and creations, and for what they return.

use alloy_primitives::{Address, U256};

use super::{
    hook::{Answer, Escape, Hook, length, window},
    price,
};
use crate::{CallKind, CallOutcome, CallRequest, CreateRequest};

/// Ink of any call, and of a creation without salt.
const CALL: u64 = price::HOOK + 3 * price::POINTER + price::CHAIN;

/// Ink of a creation with a salt.
const CREATE_SALTED: u64 = CALL + price::POINTER;

/// Status of a call that did not succeed, for whatever reason.
const FAILED: u8 = 2;

/// The arguments that all calls have.
#[derive(Clone, Copy)]
struct Arguments {
    /// Where the address is.
    address: u32,
    /// Where the calldata is.
    data: u32,
    /// Bytes of calldata.
    len: u32,
    /// Where the value is, if the call has one.
    value: Option<u32>,
    /// Gas to give at most.
    gas: u64,
    /// Where the length of the return data goes.
    returned: u32,
}

/// Calls with value.
pub(super) fn call_contract(
    hook: &mut Hook<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    value: u32,
    gas: u64,
    returned: u32,
) -> Answer<u32> {
    let value = Some(value);
    call(hook, CallKind::Call, Arguments { address, data, len, value, gas, returned })
}

/// Runs another's code on this program's storage.
pub(super) fn delegate_call_contract(
    hook: &mut Hook<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    gas: u64,
    returned: u32,
) -> Answer<u32> {
    let value = None;
    call(hook, CallKind::Delegate, Arguments { address, data, len, value, gas, returned })
}

/// Calls without leave to change state.
pub(super) fn static_call_contract(
    hook: &mut Hook<'_, '_>,
    address: u32,
    data: u32,
    len: u32,
    gas: u64,
    returned: u32,
) -> Answer<u32> {
    let value = None;
    call(hook, CallKind::Static, Arguments { address, data, len, value, gas, returned })
}

/// Any call; zero if it succeeded.
fn call(hook: &mut Hook<'_, '_>, kind: CallKind, arguments: Arguments) -> Answer<u32> {
    let Arguments { address, data, len, value, gas, returned } = arguments;
    hook.charge(CALL)?;
    hook.charge(price::read(len).saturating_mul(2))?;
    let gas_left = hook.gas()?;
    let gas_wanted = gas.min(gas_left);
    let to = hook.read_address(address)?;
    let input = hook.read_bytes(data, len)?;
    let value = value.map(|at| hook.read_number(at)).transpose()?;
    note_call(hook, to, gas, value, &input);

    let value = value.unwrap_or_default();
    let request = CallRequest { kind, to, value, input, gas_left, gas_wanted };
    let CallOutcome { success, cost, output, .. } = hook.world().call(request);
    hook.charge_gas(cost)?;
    let size = length(&output)?;
    hook.host().returned = output;
    hook.write_count(returned, size)?;

    let status = if success { 0 } else { FAILED };
    hook.note_outs(&[&size.to_be_bytes(), &[status]]);
    Ok(status.into())
}

/// Notes the input of a call for tracers.
fn note_call(hook: &mut Hook<'_, '_>, to: Address, gas: u64, value: Option<U256>, input: &[u8]) {
    hook.note_args(&[to.as_slice(), &gas.to_be_bytes()]);
    if let Some(value) = value {
        hook.note_args(&[&value.to_be_bytes::<32>()]);
    }
    hook.note_args(&[input]);
}

/// Creates a contract at an address that follows from the nonce.
pub(super) fn create1(
    hook: &mut Hook<'_, '_>,
    code: u32,
    len: u32,
    value: u32,
    contract: u32,
    reverted: u32,
) -> Answer {
    hook.charge(CALL)?;
    create(hook, (code, len), value, None, (contract, reverted))
}

/// Creates a contract at an address that follows from a salt.
pub(super) fn create2(
    hook: &mut Hook<'_, '_>,
    code: u32,
    len: u32,
    value: u32,
    salt: u32,
    contract: u32,
    reverted: u32,
) -> Answer {
    hook.charge(CREATE_SALTED)?;
    create(hook, (code, len), value, Some(salt), (contract, reverted))
}

/// Any creation. `code` is place and length, `results` where address and length of the revert data
/// go; the address is zero if the creation failed.
fn create(
    hook: &mut Hook<'_, '_>,
    code: (u32, u32),
    value: u32,
    salt: Option<u32>,
    results: (u32, u32),
) -> Answer {
    hook.charge(price::read(code.1).saturating_mul(2))?;
    let gas_left = hook.gas()?;
    let code = hook.read_bytes(code.0, code.1)?;
    let value = hook.read_number(value)?;
    let salt = salt.map(|at| hook.read_word(at)).transpose()?;
    hook.note_args(&[&value.to_be_bytes::<32>()]);
    if let Some(salt) = salt {
        hook.note_args(&[salt.as_slice()]);
    }
    hook.note_args(&[&code]);

    let outcome = hook.world().create(CreateRequest { code, value, salt, gas_left });
    let CallOutcome { cost, output, created, .. } = outcome.ok_or(Escape::Failure)?;
    hook.charge_gas(cost)?;
    let size = length(&output)?;
    hook.host().returned = output;
    let created = created.unwrap_or_default();
    hook.write(results.0, created.as_slice())?;
    hook.write_count(results.1, size)?;
    hook.note_outs(&[created.as_slice(), &size.to_be_bytes()]);
    Ok(())
}

/// Writes a part of what the last call returned; how many bytes those are.
pub(super) fn read_return_data(
    hook: &mut Hook<'_, '_>,
    to: u32,
    offset: u32,
    size: u32,
) -> Answer<u32> {
    hook.charge(price::HOOK + price::CHAIN)?;
    let part = window(&hook.host().returned, offset, size);
    let len = length(&part)?;
    hook.charge(price::write(len))?;
    if len > 0 {
        hook.write(to, &part)?;
    }
    hook.note_args(&[&offset.to_be_bytes(), &size.to_be_bytes()]);
    hook.note_outs(&[&part]);
    Ok(len)
}

/// Bytes that the last call returned.
pub(super) fn return_data_size(hook: &mut Hook<'_, '_>) -> Answer<u32> {
    hook.charge(price::HOOK)?;
    let size = length(&hook.host().returned)?;
    hook.note_outs(&[&size.to_be_bytes()]);
    Ok(size)
}
