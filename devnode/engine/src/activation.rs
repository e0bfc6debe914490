//! Activation.
use alloy_primitives::B256;
use crate::{Module, Params, ParseFault, BuildFault};

/// What an activation gives.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The program, ready to run.
    pub module: Module,
    /// Gas that the activation costs, without what the precompile adds.
    pub gas: u64,
    /// Gas that an entry costs which is not cached, before weights.
    pub init_cost: u16,
    /// Gas that an entry costs when cached, before weights.
    pub cached_cost: u16,
    /// Pages that the program opens when it is entered.
    pub footprint: u16,
    /// Bytes of native code that Nitro expects; the data fee is paid for them.
    pub asm_estimate: u32,
    /// A digest of the program; not the one of Nitro, which is a digest of its prover's machine.
    pub module_hash: B256,
}

/// Why a module cannot be activated. The chain takes all gas for any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivateError {
    /// The gas does not suffice.
    #[error("program activation failed: out of gas")]
    OutOfGas,
    /// The module breaks a rule of its form.
    #[error("program activation failed: failed to parse wasm\n\nCaused by:\n{0}")]
    Parse(#[from] ParseFault),
    /// The module uses what programs do not have.
    #[error("program activation failed: failed to build user module\n\nCaused by:\n{0}")]
    Build(#[from] BuildFault),
}

/// Checks, meters and compiles `wasm`.
///
/// `page_limit` is the most pages that it may begin with, `gas_budget` what it may cost; `debug`
/// allows the imports of `console`.
///
/// # Errors
/// See [`ActivateError`].
pub fn activate(
    wasm: &[u8],
    page_limit: u16,
    gas_budget: u64,
    debug: bool,
) -> Result<Activation, ActivateError> {
    todo!()
}
