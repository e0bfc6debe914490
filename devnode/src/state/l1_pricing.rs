//! The price of data on the parent chain, and where the fees for it are kept.
//!
//! The price itself is [`Setting::L1PricePerUnit`]. A real chain corrects it when the batch poster
//! reports its costs; this chain posts no batches, so only its owner changes it.

use alloy::primitives::{Address, U256, address};

use super::{arbos::ArbosStorage, settings::Setting};

/// Account that holds the fees until the batch poster is paid.
pub(crate) const FUNDS_POOL: Address = address!("A4B00000000000000000000000000000000000f6");

/// Units of data per compressed byte.
pub(crate) const UNITS_PER_BYTE: u64 = 16;

/// Highest compression level.
pub(crate) const MAX_BROTLI_LEVEL: u64 = 11;

/// Records the data of a transaction that has run: its units, and its fee in wei.
pub(crate) fn record_data(words: &mut dyn ArbosStorage, units: u64, fee: U256) {
    if units > 0 {
        increase(words, Setting::L1UnitsSinceUpdate, U256::from(units));
        increase(words, Setting::L1FeesAvailable, fee);
    }
}

/// Adds to a counter.
fn increase(words: &mut dyn ArbosStorage, counter: Setting, more: U256) {
    let sum = counter.get(words).saturating_add(more);
    counter.set(words, sum);
}
