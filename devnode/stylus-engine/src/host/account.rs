//! Hostios about accounts.

use alloy_primitives::{Address, Bytes};

use super::{
    hostio::{Hostio, HostioResult, len_u32, subslice},
    price,
};

/// Ink to read a word about an account.
const WORD_INK: u64 = price::HOSTIO_INK + 2 * price::PTR_INK + price::EVM_API_INK;

/// Ink to read code.
const CODE_INK: u64 = price::HOSTIO_INK + price::EVM_API_INK;

/// Gas to load code of up to 24 576 bytes.
const CODE_GAS: u64 = 700;

/// Writes an account's balance to `to`.
pub(super) fn account_balance(hostio: &mut Hostio<'_, '_>, address: u32, to: u32) -> HostioResult {
    hostio.charge(WORD_INK)?;
    hostio.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hostio.read_address(address)?;
    let (balance, cost) = hostio.evm_api().balance(address);
    hostio.charge_gas(cost)?;
    let balance = balance.to_be_bytes::<32>();
    hostio.write(to, &balance)?;
    hostio.trace_args(&[address.as_slice()]);
    hostio.trace_outs(&[&balance]);
    Ok(())
}

/// Writes a part of an account's code to `to` and returns its length.
pub(super) fn account_code(
    hostio: &mut Hostio<'_, '_>,
    address: u32,
    offset: u32,
    size: u32,
    to: u32,
) -> HostioResult<u32> {
    let (address, code) = load_code(hostio, address)?;
    // The whole code is charged, even if only a part is read.
    hostio.charge(price::write_ink(len_u32(&code)?))?;
    let part = subslice(&code, offset, size);
    hostio.write(to, &part)?;
    hostio.trace_args(&[address.as_slice(), &offset.to_be_bytes(), &size.to_be_bytes()]);
    hostio.trace_outs(&[&part]);
    len_u32(&part)
}

/// Returns the length of an account's code.
pub(super) fn account_code_size(hostio: &mut Hostio<'_, '_>, address: u32) -> HostioResult<u32> {
    let (address, code) = load_code(hostio, address)?;
    let size = len_u32(&code)?;
    hostio.trace_args(&[address.as_slice()]);
    hostio.trace_outs(&[&size.to_be_bytes()]);
    Ok(size)
}

/// Writes the hash of an account's code to `to`.
pub(super) fn account_codehash(hostio: &mut Hostio<'_, '_>, address: u32, to: u32) -> HostioResult {
    hostio.charge(WORD_INK)?;
    hostio.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hostio.read_address(address)?;
    let (hash, cost) = hostio.evm_api().code_hash(address);
    hostio.charge_gas(cost)?;
    hostio.write(to, hash.as_slice())?;
    hostio.trace_args(&[address.as_slice()]);
    hostio.trace_outs(&[hash.as_slice()]);
    Ok(())
}

/// Loads an account's code. The gas is free if it is the last non-empty code that was loaded.
fn load_code(hostio: &mut Hostio<'_, '_>, address: u32) -> HostioResult<(Address, Bytes)> {
    hostio.charge(CODE_INK)?;
    hostio.require_gas(price::COLD_ACCOUNT_GAS)?;
    let address = hostio.read_address(address)?;
    let env = hostio.env();
    if let Some((last, code)) = &env.last_code
        && *last == address
    {
        return Ok((address, code.clone()));
    }
    let (code, cost) = env.evm_api.code(address);
    if !code.is_empty() {
        env.last_code = Some((address, code.clone()));
    }
    hostio.charge_gas(cost.saturating_add(CODE_GAS))?;
    Ok((address, code))
}
