//! Gas of what precompiles do.

/// Gas to open the state of ArbOS, charged by every function that is not pure.
pub(super) const OPEN_ARBOS_GAS: u64 = 800;

/// Gas to read a word of ArbOS.
pub(super) const STORAGE_READ_GAS: u64 = 800;

/// Gas to write a nonzero word of ArbOS.
pub(super) const STORAGE_WRITE_GAS: u64 = 20_000;

/// Gas to write zero.
pub(super) const STORAGE_CLEAR_GAS: u64 = 5000;

/// Gas to read the code hash of an account.
pub(super) const CODE_HASH_GAS: u64 = 2600;

/// Gas to read the parameters of programs.
pub(super) const PARAMS_GAS: u64 = 100;

/// Gas per word of arguments or results.
pub(super) const COPY_WORD_GAS: u64 = 3;

/// Gas of a log, and again of each topic.
pub(super) const LOG_GAS: u64 = 375;

/// Gas per byte of a log's data.
pub(super) const LOG_BYTE_GAS: u64 = 8;

/// Base gas of a hash.
pub(super) const HASH_GAS: u64 = 30;

/// Gas per hashed word.
pub(super) const HASH_WORD_GAS: u64 = 6;

/// Gas to copy this many bytes.
pub(super) fn copy_gas(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(32)).unwrap_or(u64::MAX).saturating_mul(COPY_WORD_GAS)
}

/// Gas to hash this many bytes.
pub(super) fn hash_gas(bytes: usize) -> u64 {
    let words = u64::try_from(bytes.div_ceil(32)).unwrap_or(u64::MAX);
    HASH_GAS.saturating_add(HASH_WORD_GAS.saturating_mul(words))
}
