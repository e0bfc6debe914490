//! A module that is activated: any bytes are either refused, or become a program whose price does not
//! depend on how much gas there was for it.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// Pages that a program may begin with.
const PAGES: u16 = 128;

fuzz_target!(|wasm: &[u8]| {
    if let Ok(activation) = stylus_engine::activate(wasm, PAGES, u64::MAX, false) {
        let gas = activation.gas;
        let again = stylus_engine::activate(wasm, PAGES, gas, false);
        assert_eq!(again.map(|again| again.module_hash).ok(), Some(activation.module_hash));
        assert!(stylus_engine::activate(wasm, PAGES, gas - 1, false).is_err());
    }
});
