//! Random modules: none makes the check panic, and what it accepts ends in some way that has a name.

use crate::Bench;
use arbitrary::Unstructured;
use muster_compute::{
    CompileLimits, JobDocument, ModuleError, Optimization, RunError, check_module,
};
use std::{collections::BTreeMap, fmt::Write, time::Duration};
use wasm_smith::{Config, Module};

/// How many modules are checked: `MUSTER_COMPUTE_RANDOM_MODULES=100000` for the long run.
fn count() -> u64 {
    let count = std::env::var("MUSTER_COMPUTE_RANDOM_MODULES");
    count.map_or(300, |count| count.parse().unwrap())
}

/// Pseudo-random bytes: `SplitMix64`.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::from_fn(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(mixed ^ (mixed >> 31))
    });
    words.flat_map(u64::to_le_bytes).take(len).collect()
}

/// A module that names these exports, and imports these functions.
fn names(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// A module of a seed: of the profile's features with a `_start`, or of all features.
fn module(seed: u64, is_profile: bool) -> Option<Vec<u8>> {
    let raw = bytes(seed, 2_000);
    let mut config = Config { max_imports: 3, max_memories: 3, ..Config::default() };
    if is_profile {
        config = Config {
            exports: Some(names(r#"(module (func (export "_start")))"#)),
            available_imports: Some(names(
                r#"(module
                (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#,
            )),
            gc_enabled: false,
            memory64_enabled: false,
            wide_arithmetic_enabled: false,
            threads_enabled: false,
            compact_imports_enabled: false,
            max_memories: 1,
            max_memory32_bytes: 1 << 20,
            ..Config::default()
        };
    }
    let mut module = Module::new(config, &mut Unstructured::new(&raw)).ok()?;
    if is_profile {
        // It traps after so many calls and turns of loops.
        module.ensure_termination(1_000).ok()?;
    }
    Some(module.to_bytes())
}

#[test]
fn check_of_random_modules_has_an_answer() {
    let mut answers: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..count() {
        let Some(mut wasm) = module(seed, seed % 2 == 0) else { continue };
        // Every third is damaged.
        if seed % 3 == 0 {
            let at = usize::from(bytes(seed, 1)[0]) * wasm.len() / 256;
            wasm[at] = wasm[at].wrapping_add(1);
        }
        let answer = match check_module(&wasm) {
            Ok(_) => "accepted",
            Err(ModuleError::NoStart) => "no start",
            Err(ModuleError::Import { .. } | ModuleError::ImportType { .. }) => "import",
            Err(ModuleError::Invalid(_)) => "invalid",
            Err(_) => "other",
        };
        *answers.entry(answer).or_default() += 1;
    }
    assert!(answers["accepted"] > 0 && answers["invalid"] > 0, "{answers:?}");
}

#[test]
fn random_programs_end_alike_with_and_without_optimisation() {
    let benches = [Optimization::None, Optimization::Speed].map(|optimization| {
        Bench::with(|settings| {
            settings.optimization = optimization;
            settings.compile = CompileLimits { time: Duration::from_secs(5), memory: 1 << 30 };
        })
    });
    let mut results = String::new();
    for seed in 0..count().div_ceil(10) {
        let Some(wasm) = module(seed, true) else { continue };
        if check_module(&wasm).is_err() {
            continue;
        }
        let [plain, optimised] = benches.each_ref().map(|bench| {
            let mut document = JobDocument::new(bench.put(&wasm));
            document.limits.time = 1;
            match bench.run(document) {
                Ok(execution) => Some(execution.result),
                Err(RunError::InitialMemory { .. }) => None,
                Err(error) => panic!("seed {seed}: {error}"),
            }
        });
        if let (Some(plain), Some(optimised)) = (plain, optimised) {
            assert_eq!(plain, optimised, "seed {seed}");
            writeln!(results, "{seed} {}", plain.digest().unwrap()).unwrap();
        }
    }
    assert!(!results.is_empty());
    // `scripts/engines` compares them with those of other engines.
    if let Ok(path) = std::env::var("MUSTER_COMPUTE_RESULTS") {
        std::fs::write(path, results).unwrap();
    }
}
