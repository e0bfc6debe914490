//! Hooks about accounts.

use alloy_primitives::{Address, Bytes};

use super::{
    hook::{Answer, Hook, length, window},
    price,
};

/// Ink to ask for a word about an account.
const WORD: u64 = price::HOOK + 2 * price::POINTER + price::CHAIN;

/// Ink to ask for code.
const CODE: u64 = price::HOOK + price::CHAIN;

/// Gas to load code of up to 24 576 bytes.
const CODE_GAS: u64 = 700;

/// Writes an account's balance to `to`.
pub(super) fn account_balance(hook: &mut Hook<'_, '_>, address: u32, to: u32) -> Answer {
    hook.charge(WORD)?;
    hook.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hook.read_address(address)?;
    let (balance, cost) = hook.world().balance(address);
    hook.charge_gas(cost)?;
    let balance = balance.to_be_bytes::<32>();
    hook.write(to, &balance)?;
    hook.note_args(&[address.as_slice()]);
    hook.note_outs(&[&balance]);
    Ok(())
}

/// Writes a part of an account's code to `to`; how many bytes those are.
pub(super) fn account_code(
    hook: &mut Hook<'_, '_>,
    address: u32,
    offset: u32,
    size: u32,
    to: u32,
) -> Answer<u32> {
    let (address, code) = load_code(hook, address)?;
    // All of the code is paid for, however little of it is wanted.
    hook.charge(price::write(length(&code)?))?;
    let part = window(&code, offset, size);
    hook.write(to, &part)?;
    hook.note_args(&[address.as_slice(), &offset.to_be_bytes(), &size.to_be_bytes()]);
    hook.note_outs(&[&part]);
    length(&part)
}

/// Bytes of an account's code.
pub(super) fn account_code_size(hook: &mut Hook<'_, '_>, address: u32) -> Answer<u32> {
    let (address, code) = load_code(hook, address)?;
    let size = length(&code)?;
    hook.note_args(&[address.as_slice()]);
    hook.note_outs(&[&size.to_be_bytes()]);
    Ok(size)
}

/// Writes the hash of an account's code to `to`.
pub(super) fn account_codehash(hook: &mut Hook<'_, '_>, address: u32, to: u32) -> Answer {
    hook.charge(WORD)?;
    hook.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hook.read_address(address)?;
    let (hash, cost) = hook.world().code_hash(address);
    hook.charge_gas(cost)?;
    hook.write(to, hash.as_slice())?;
    hook.note_args(&[address.as_slice()]);
    hook.note_outs(&[hash.as_slice()]);
    Ok(())
}

/// An account's code. It costs no gas if it was the last one asked for that was not empty.
fn load_code(hook: &mut Hook<'_, '_>, address: u32) -> Answer<(Address, Bytes)> {
    hook.charge(CODE)?;
    hook.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hook.read_address(address)?;
    let host = hook.host();
    if let Some((last, code)) = &host.code
        && *last == address
    {
        return Ok((address, code.clone()));
    }
    let (code, cost) = host.world.code(address);
    if !code.is_empty() {
        host.code = Some((address, code.clone()));
    }
    hook.charge_gas(cost.saturating_add(CODE_GAS))?;
    Ok((address, code))
}
