//! wasmtime, set up for components that answer requests.

use muster_compute::set_arithmetic;
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
    set_arithmetic(&mut config);
    config
        .wasm_multi_memory(true)
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(REQUEST_STACK)
        .enable_compiler(compiles);
    Engine::new(&config)
}
