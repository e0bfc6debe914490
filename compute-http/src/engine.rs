//! wasmtime, set up for components that answer requests.

use wasmtime::{Config, Engine, Result};

/// How much stack a component has.
const WASM_STACK: usize = 2 << 20;
/// How much stack a request takes: the component's, and some for the host's functions.
pub(crate) const REQUEST_STACK: usize = 4 << 20;

/// An engine that compiles, or one that can only run what was compiled.
///
/// Arithmetic is that of jobs, so that the copies of a service on different machines answer alike.
pub(crate) fn engine(compiles: bool) -> Result<Engine> {
    let mut config = Config::new();
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
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(REQUEST_STACK)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false)
        .enable_compiler(compiles);
    Engine::new(&config)
}
