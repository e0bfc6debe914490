//! Hostios for 256-bit arithmetic. The result replaces the first operand in memory.

use alloy_primitives::U256;

use super::{
    hostio::{Hostio, HostioResult},
    price,
};

/// Ink of a hostio that reads two numbers and writes one.
const TWO_OPERANDS_INK: u64 = price::HOSTIO_INK + 3 * price::PTR_INK;

/// Ink of a hostio that reads three numbers and writes one.
const THREE_OPERANDS_INK: u64 = TWO_OPERANDS_INK + price::PTR_INK;

/// Additional ink of a division.
const DIVISION_INK: u64 = 20_000;

/// Additional ink of a modular addition.
const ADD_MOD_INK: u64 = 21_000;

/// Additional ink of a modular multiplication.
const MUL_MOD_INK: u64 = 24_100;

/// Bytes of a number.
const WORD_LEN: usize = 32;

/// Quotient; zero if the divisor is zero.
pub(super) fn math_div(hostio: &mut Hostio<'_, '_>, value: u32, divisor: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK + DIVISION_INK)?;
    let [a, b] = operands(hostio, [value, divisor])?;
    return_u256(hostio, value, a.checked_div(b).unwrap_or_default())
}

/// Remainder; zero if the modulus is zero.
pub(super) fn math_mod(hostio: &mut Hostio<'_, '_>, value: u32, modulus: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK + DIVISION_INK)?;
    let [a, b] = operands(hostio, [value, modulus])?;
    return_u256(hostio, value, a.checked_rem(b).unwrap_or_default())
}

/// Power modulo 2^256.
pub(super) fn math_pow(hostio: &mut Hostio<'_, '_>, value: u32, exponent: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK)?;
    let [a, b] = operands(hostio, [value, exponent])?;
    let significant = u64::try_from(b.byte_len().min(WORD_LEN)).unwrap_or_default();
    hostio.charge(price::pow_ink(significant))?;
    return_u256(hostio, value, a.wrapping_pow(b))
}

/// Modular sum; zero if the modulus is zero.
pub(super) fn math_add_mod(
    hostio: &mut Hostio<'_, '_>,
    value: u32,
    addend: u32,
    modulus: u32,
) -> HostioResult {
    hostio.charge(THREE_OPERANDS_INK + ADD_MOD_INK)?;
    let [a, b, m] = operands(hostio, [value, addend, modulus])?;
    return_u256(hostio, value, a.add_mod(b, m))
}

/// Modular product; zero if the modulus is zero.
pub(super) fn math_mul_mod(
    hostio: &mut Hostio<'_, '_>,
    value: u32,
    factor: u32,
    modulus: u32,
) -> HostioResult {
    hostio.charge(THREE_OPERANDS_INK + MUL_MOD_INK)?;
    let [a, b, m] = operands(hostio, [value, factor, modulus])?;
    return_u256(hostio, value, a.mul_mod(b, m))
}

/// Reads the numbers at these pointers.
fn operands<const N: usize>(
    hostio: &mut Hostio<'_, '_>,
    pointers: [u32; N],
) -> HostioResult<[U256; N]> {
    let mut numbers = [U256::ZERO; N];
    for (number, pointer) in numbers.iter_mut().zip(pointers) {
        *number = hostio.read_u256(pointer)?;
        hostio.trace_args(&[&number.to_be_bytes::<WORD_LEN>()]);
    }
    Ok(numbers)
}

/// Writes the result over the first operand.
fn return_u256(hostio: &mut Hostio<'_, '_>, to: u32, result: U256) -> HostioResult {
    let result = result.to_be_bytes::<WORD_LEN>();
    hostio.write(to, &result)?;
    hostio.trace_outs(&[&result]);
    Ok(())
}
