//! Decoding of account code: any bytes are either rejected, or decompressed to at most the allowed
//! size.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// Maximum bytes of wasm.
const MAX_WASM: usize = 128 << 10;

fuzz_target!(|code: &[u8]| {
    if let Ok(wasm) = stylus_engine::program::decode(code, MAX_WASM) {
        assert!(wasm.len() <= MAX_WASM);
        // A whole program; without a dictionary, or with that of Stylus as long as nothing refers to it.
        assert!(matches!(code, [0xef, 0xf0, 0x00, 0 | 1, ..]));
    }
});
