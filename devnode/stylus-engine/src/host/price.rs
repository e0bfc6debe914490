//! Prices that several hostios share, in ink unless the name says gas.

/// Base price of any hostio.
pub(super) const HOSTIO_INK: u64 = 8400;

/// A pointer that the hostio dereferences.
pub(super) const PTR_INK: u64 = 5040;

/// A request to the chain.
pub(super) const EVM_API_INK: u64 = 59_673;

/// Gas required before an account is read: the cost of a cold one.
pub(super) const COLD_ACCOUNT_GAS: u64 = 2600;

/// Bytes included in the price of a pointer.
const COVERED_BYTES: u64 = 32;

/// Reading `len` bytes of the program's memory.
pub(super) fn read_ink(len: u32) -> u64 {
    uncovered_bytes(len).saturating_mul(55).saturating_add(16_381)
}

/// Writing `len` bytes to the program's memory.
pub(super) fn write_ink(len: u32) -> u64 {
    uncovered_bytes(len).saturating_mul(30).saturating_add(PTR_INK)
}

/// Hashing `len` bytes; the first two words are included.
pub(super) fn keccak_ink(len: u32) -> u64 {
    let words = u64::from(len.div_ceil(32));
    words.saturating_sub(2).saturating_mul(21_000).saturating_add(121_800)
}

/// A power with an exponent of `significant` bytes.
pub(super) const fn pow_ink(significant: u64) -> u64 {
    significant.saturating_add(1).saturating_mul(17_500).saturating_add(3000)
}

/// Bytes beyond those included.
fn uncovered_bytes(len: u32) -> u64 {
    u64::from(len).saturating_sub(COVERED_BYTES)
}
