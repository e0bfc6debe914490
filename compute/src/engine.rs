//! wasmtime, set up so that every machine computes the same bits.

use crate::Digest;
use sha2::Digest as _;
use std::hash::{Hash, Hasher};
use wasmtime::{Config, Engine, OptLevel, Result};

/// How much stack a program has. Not part of the profile: to run out of it is no result.
pub(crate) const WASM_STACK: usize = 64 << 20;
/// The heap in which the engine keeps exceptions. Not part of the profile: to run out of it is no result.
pub(crate) const ENGINE_HEAP: u64 = 1_021 << 16;

/// How hard the compiler tries. Results do not depend on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimization {
    /// Compiles in about two thirds of the time, to slower code.
    None,
    /// For speed.
    #[default]
    Speed,
}

/// Sets the arithmetic and the instructions of jobs, so that any engine computes the same bits, and leaves out what only
/// messages to people need.
pub fn set_arithmetic(config: &mut Config) {
    config
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_simd(true)
        .wasm_relaxed_simd(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_exceptions(true)
        .wasm_threads(true)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .concurrency_support(false)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
}

/// An engine that compiles, or one that can only run what was compiled.
pub(crate) fn engine(optimization: Optimization, compiles: bool) -> Result<Engine> {
    let mut config = Config::new();
    #[cfg(feature = "pulley")]
    config.target("pulley64")?;
    set_arithmetic(&mut config);
    // It has no atomic instructions.
    #[cfg(feature = "pulley")]
    config.wasm_threads(false);
    config
        .cranelift_opt_level(match optimization {
            Optimization::None => OptLevel::None,
            Optimization::Speed => OptLevel::Speed,
        })
        .wasm_reference_types(true)
        .wasm_bulk_memory(true)
        .wasm_multi_value(true)
        .wasm_multi_memory(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .max_wasm_stack(WASM_STACK)
        // Not used, and must not be less.
        .async_stack_size(WASM_STACK)
        .gc_heap_initial_size(ENGINE_HEAP)
        .enable_compiler(compiles);
    Engine::new(&config)
}

/// Names everything that compiled code depends on beside the module: the engine's version, its settings, the machine.
pub(crate) fn compatibility(engine: &Engine) -> Digest {
    let mut hasher = Sha256Hasher(sha2::Sha256::new());
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Digest::from_bytes(hasher.0.finalize().into())
}

/// Lets SHA-256 hash what only says how it is hashed.
struct Sha256Hasher(sha2::Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        // Whoever uses this takes the whole digest.
        0
    }
}
