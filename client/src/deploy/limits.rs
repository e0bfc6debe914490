//! Limits on programs: the chain's own, and the budgets of the market's contracts.

/// The chain's limit for the code of an account, in bytes.
pub const CODE_LIMIT: usize = 24_576;

/// The budget for the code of a contract of the market, in bytes: a twelfth of the chain's limit is left.
pub const CODE_BUDGET: usize = 22_500;

/// The chain's limit for a module before compression, in bytes.
pub const WASM_LIMIT: usize = 131_072;

/// The budget for the data segments of a contract of the market, in bytes.
pub const DATA_BUDGET: usize = 1_000;
