//! Hooks for arithmetic on 256 bits; the result takes the place of the first operand.

use alloy_primitives::U256;

use super::{
    hook::{Answer, Hook},
    price,
};

/// Ink of a hook that reads two numbers and writes one.
const TWO: u64 = price::HOOK + 3 * price::POINTER;

/// Ink of a hook that reads three numbers and writes one.
const THREE: u64 = TWO + price::POINTER;

/// Ink of a division.
const DIVISION: u64 = 20_000;

/// Ink of a sum by a modulus.
const ADD_MOD: u64 = 21_000;

/// Ink of a product by a modulus.
const MUL_MOD: u64 = 24_100;

/// Bytes of a number.
const BYTES: usize = 32;

/// The quotient; zero if `divisor` is.
pub(super) fn math_div(hook: &mut Hook<'_, '_>, value: u32, divisor: u32) -> Answer {
    hook.charge(TWO + DIVISION)?;
    let [a, b] = operands(hook, [value, divisor])?;
    finish(hook, value, a.checked_div(b).unwrap_or_default())
}

/// The remainder; zero if `modulus` is.
pub(super) fn math_mod(hook: &mut Hook<'_, '_>, value: u32, modulus: u32) -> Answer {
    hook.charge(TWO + DIVISION)?;
    let [a, b] = operands(hook, [value, modulus])?;
    finish(hook, value, a.checked_rem(b).unwrap_or_default())
}

/// The power, of which the low 256 bits are kept.
pub(super) fn math_pow(hook: &mut Hook<'_, '_>, value: u32, exponent: u32) -> Answer {
    hook.charge(TWO)?;
    let [a, b] = operands(hook, [value, exponent])?;
    let significant = u64::try_from(b.byte_len().min(BYTES)).unwrap_or_default();
    hook.charge(price::power(significant))?;
    finish(hook, value, a.wrapping_pow(b))
}

/// The sum by a modulus; zero if that is.
pub(super) fn math_add_mod(
    hook: &mut Hook<'_, '_>,
    value: u32,
    addend: u32,
    modulus: u32,
) -> Answer {
    hook.charge(THREE + ADD_MOD)?;
    let [a, b, m] = operands(hook, [value, addend, modulus])?;
    finish(hook, value, a.add_mod(b, m))
}

/// The product by a modulus; zero if that is.
pub(super) fn math_mul_mod(
    hook: &mut Hook<'_, '_>,
    value: u32,
    factor: u32,
    modulus: u32,
) -> Answer {
    hook.charge(THREE + MUL_MOD)?;
    let [a, b, m] = operands(hook, [value, factor, modulus])?;
    finish(hook, value, a.mul_mod(b, m))
}

/// The numbers at these places.
fn operands<const N: usize>(hook: &mut Hook<'_, '_>, places: [u32; N]) -> Answer<[U256; N]> {
    let mut numbers = [U256::ZERO; N];
    for (number, place) in numbers.iter_mut().zip(places) {
        *number = hook.read_number(place)?;
        hook.note_args(&[&number.to_be_bytes::<BYTES>()]);
    }
    Ok(numbers)
}

/// Writes the result.
fn finish(hook: &mut Hook<'_, '_>, to: u32, result: U256) -> Answer {
    let result = result.to_be_bytes::<BYTES>();
    hook.write(to, &result)?;
    hook.note_outs(&[&result]);
    Ok(())
}
