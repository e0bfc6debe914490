//! The fuzzer's seeds with random damage: each is rejected or valid, and nothing panics.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};
use stylus_engine::{activate, program::decode};

use crate::VERSION;

/// Maximum bytes of wasm.
const MAX_WASM: usize = 128 << 10;

/// The seeds of a fuzz target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "the seeds are there");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    /// Replaces a byte.
    Set(Index, u8),
    /// Flips a bit.
    Flip(Index, u32),
    /// Inserts bytes.
    Insert(Index, Vec<u8>),
    /// Removes bytes.
    Remove(Index, usize),
    /// Truncates.
    Cut(Index),
}

/// An arbitrary change.
fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), 0..8_u32).prop_map(|(at, bit)| Change::Flip(at, bit)),
        (any::<Index>(), prop::collection::vec(any::<u8>(), 1..9))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

/// A seed of a target with up to three changes.
fn mutated(target: &str) -> impl Strategy<Value = Vec<u8>> {
    let seed = prop::sample::select(seeds(target));
    (seed, prop::collection::vec(change(), 0..4)).prop_map(|(mut bytes, changes)| {
        for change in changes {
            let at = |index: Index, length: usize| index.index(length + 1);
            let length = bytes.len();
            match change {
                Change::Set(index, byte) => {
                    bytes.get_mut(at(index, length)).into_iter().for_each(|old| *old = byte);
                }
                Change::Flip(index, bit) => {
                    bytes.get_mut(at(index, length)).into_iter().for_each(|old| *old ^= 1 << bit);
                }
                Change::Insert(index, more) => {
                    let at = at(index, length);
                    bytes.splice(at..at, more);
                }
                Change::Remove(index, count) => {
                    let at = at(index, length);
                    bytes.drain(at..length.min(at + count));
                }
                Change::Cut(index) => bytes.truncate(at(index, length)),
            }
        }
        bytes
    })
}

#[test]
fn every_seed_is_a_program() {
    for code in seeds("decode") {
        let wasm = decode(&code, MAX_WASM).unwrap();
        assert!(seeds("activate").contains(&wasm));
    }
    let sound = seeds("activate")
        .iter()
        .filter(|wasm| activate(wasm, VERSION, 128, u64::MAX, true).is_ok())
        .count();
    assert!(sound >= 10, "{sound} can be activated");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn code_is_rejected_or_decompressed_within_bounds(code in mutated("decode")) {
        if let Ok(wasm) = decode(&code, MAX_WASM) {
            prop_assert!(wasm.len() <= MAX_WASM);
        }
    }

    #[test]
    fn a_module_is_rejected_or_activates_with_exactly_its_gas(wasm in mutated("activate")) {
        if let Ok(activation) = activate(&wasm, VERSION, 128, u64::MAX, false) {
            let again = activate(&wasm, VERSION, 128, activation.gas, false);
            prop_assert_eq!(again.unwrap().module_hash, activation.module_hash);
            prop_assert!(activate(&wasm, VERSION, 128, activation.gas - 1, false).is_err());
        }
    }
}
