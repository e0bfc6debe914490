//! Activation: any bytes are either rejected, or become a program whose gas does not depend on the
//! budget.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stylus_engine::{StylusVersion, activate};

/// Initial pages that a program may have.
const PAGES: u16 = 128;

fuzz_target!(|wasm: &[u8]| {
    if let Ok(activation) = activate(wasm, StylusVersion::V3, PAGES, u64::MAX, false) {
        let gas = activation.gas;
        let repeated = activate(wasm, StylusVersion::V3, PAGES, gas, false);
        assert_eq!(
            repeated.map(|repeated| repeated.module_hash).ok(),
            Some(activation.module_hash)
        );
        assert!(activate(wasm, StylusVersion::V3, PAGES, gas - 1, false).is_err());
    }
});
