//! What no worker could run is refused before anything is bought.

use muster_compute::{Limits, RunError, check_module};

/// Checks that a module can run under these limits.
///
/// # Errors
/// [`RunError`] for a module that no worker runs.
pub fn check_program(wasm: &[u8], limits: &Limits) -> Result<(), RunError> {
    let info = check_module(wasm)?;
    if info.initial_memory > limits.memory {
        return Err(RunError::InitialMemory { limit: limits.memory });
    }
    Ok(())
}
