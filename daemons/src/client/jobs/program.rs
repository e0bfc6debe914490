//! Programs of jobs: what no worker could run is refused before anything is bought, and one program gets many inputs.

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

/// The arguments of one of several jobs of a program: `{in}` and `{out}` in them are the paths of its input and its output.
#[must_use]
pub fn fill_arguments(arguments: &[String], input: &str, output: &str) -> Vec<String> {
    let fill = |text: &String| text.replace("{in}", input).replace("{out}", output);
    arguments.iter().map(fill).collect()
}
