//! Products and quotients in 512 bits.

use alloy_primitives::U512;

/// ⌊`amount` × `part` / `whole`⌋.
pub(super) fn mul_div_floor(amount: u128, part: u64, whole: u64) -> u128 {
    (U512::from(amount) * U512::from(part) / U512::from(whole)).to()
}

/// ⌈`amount` × `part` / `whole`⌉.
pub(super) fn mul_div_ceil(amount: u128, part: u64, whole: u64) -> u128 {
    let product = U512::from(amount) * U512::from(part);
    let whole = U512::from(whole);
    ((product + whole - U512::ONE) / whole).to()
}

/// ⌊√n⌋ by bisection.
pub(super) fn isqrt(n: U512) -> U512 {
    let (mut low, mut high) = (U512::ZERO, U512::ONE << 256);
    while high - low > U512::ONE {
        let middle = (low + high) >> 1;
        if middle * middle <= n {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
