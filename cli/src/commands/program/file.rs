//! Reading compiled contracts.

use std::fs;
use std::path::Path;

use muster_client::Program;

use crate::error::CliError;

/// The program in a compiled contract, and the module that it was made from.
///
/// # Errors
/// [`CliError::Read`] or [`CliError::Program`].
pub(super) fn read_program(path: &Path) -> Result<(Program, Vec<u8>), CliError> {
    let module = fs::read(path).map_err(|source| CliError::Read { path: path.into(), source })?;
    let program = Program::from_wasm(&module)
        .map_err(|source| CliError::Program { path: path.into(), source })?;
    Ok((program, module))
}
