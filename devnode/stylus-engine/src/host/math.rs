//! Hooks for arithmetic on 256 bits; the result takes the place of the first operand.

use alloy_primitives::U256;

use super::{
    hostio::{Hostio, HostioResult},
    price,
};

/// Ink of a hook that reads two numbers and writes one.
const TWO_OPERANDS_INK: u64 = price::HOSTIO_INK + 3 * price::PTR_INK;

/// Ink of a hook that reads three numbers and writes one.
const THREE_OPERANDS_INK: u64 = TWO_OPERANDS_INK + price::PTR_INK;

/// Ink of a division.
const DIVISION_INK: u64 = 20_000;

/// Ink of a sum by a modulus.
const ADD_MOD_INK: u64 = 21_000;

/// Ink of a product by a modulus.
const MUL_MOD_INK: u64 = 24_100;

/// Bytes of a number.
const WORD_LEN: usize = 32;

/// The quotient; zero if `divisor` is.
pub(super) fn math_div(hostio: &mut Hostio<'_, '_>, value: u32, divisor: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK + DIVISION_INK)?;
    let [a, b] = operands(hostio, [value, divisor])?;
    return_u256(hostio, value, a.checked_div(b).unwrap_or_default())
}

/// The remainder; zero if `modulus` is.
pub(super) fn math_mod(hostio: &mut Hostio<'_, '_>, value: u32, modulus: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK + DIVISION_INK)?;
    let [a, b] = operands(hostio, [value, modulus])?;
    return_u256(hostio, value, a.checked_rem(b).unwrap_or_default())
}

/// The power, of which the low 256 bits are kept.
pub(super) fn math_pow(hostio: &mut Hostio<'_, '_>, value: u32, exponent: u32) -> HostioResult {
    hostio.charge(TWO_OPERANDS_INK)?;
    let [a, b] = operands(hostio, [value, exponent])?;
    let significant = u64::try_from(b.byte_len().min(WORD_LEN)).unwrap_or_default();
    hostio.charge(price::pow_ink(significant))?;
    return_u256(hostio, value, a.wrapping_pow(b))
}

/// The sum by a modulus; zero if that is.
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

/// The product by a modulus; zero if that is.
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

/// The numbers at these places.
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

/// Writes the result.
fn return_u256(hostio: &mut Hostio<'_, '_>, to: u32, result: U256) -> HostioResult {
    let result = result.to_be_bytes::<WORD_LEN>();
    hostio.write(to, &result)?;
    hostio.trace_outs(&[&result]);
    Ok(())
}
