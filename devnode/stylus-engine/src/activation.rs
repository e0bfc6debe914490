//! Activation: the order of its steps, what it costs, and what entries will cost.
//!
//! The rules are in [`crate::check`], the meters in [`crate::meter`]. What the precompile does
//! besides, and the fee in wei, belong to the chain.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of a module of 128 KiB times constants below 2^20 stay far below 2^64"
)]
#![expect(clippy::integer_division, reason = "every price rounds down, as Nitro's do")]

use alloy_primitives::{B256, keccak256};

use crate::{
    BuildError, Module, ParseError,
    check::{Wasm, check_links, check_rules},
    meter,
};

/// Gas for a microsecond of an activation.
const GAS_PER_MICROSECOND: u64 = 28;

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
    /// A digest of the wasm; not the one of Nitro, which is a digest of its prover's machine.
    pub module_hash: B256,
}

/// Why a module cannot be activated. The chain takes all gas for any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// The gas does not suffice.
    #[error("program activation failed: out of gas")]
    OutOfGas,
    /// The module breaks a rule of form.
    #[error("program activation failed: failed to parse wasm\n\nCaused by:\n{0}")]
    Parse(#[from] ParseError),
    /// The module uses what programs do not have.
    #[error("program activation failed: failed to build user module\n\nCaused by:\n{0}")]
    Build(#[from] BuildError),
}

/// Checks, meters and compiles `bytes`, the wasm of a program.
///
/// `page_limit` is the most pages that it may begin with, `gas_budget` what it may cost; `debug`
/// allows start functions, which never run, and the imports of `console`.
///
/// # Errors
/// See [`ActivateError`].
pub fn activate(
    bytes: &[u8],
    page_limit: u16,
    gas_budget: u64,
    debug: bool,
) -> Result<Activation, ActivationError> {
    let wasm = Wasm::read(bytes)?;
    check_rules(&wasm, page_limit, debug)?;
    let bodies =
        wasm.bodies.iter().map(|body| wasm.operators(body)).collect::<Result<Vec<_>, _>>()?;
    check_links(&wasm, &bodies, debug)?;
    let metered = meter::instrument(&wasm, bodies)?;

    let counts = ModuleCounts::of(&wasm)?;
    let gas = counts.gas(metered.opcodes);
    if gas > gas_budget {
        return Err(ActivationError::OutOfGas);
    }
    Ok(Activation {
        gas,
        init_cost: counts.init_cost()?,
        cached_cost: counts.cached_cost()?,
        footprint: counts.footprint()?,
        asm_estimate: counts.asm_estimate()?,
        module_hash: keccak256(bytes),
        module: Module::compile(&metered.wasm).map_err(BuildError::from)?,
    })
}

/// What the prices of a module depend on.
#[derive(Clone, Copy, Debug)]
struct ModuleCounts {
    /// Bytes of the module.
    size: u64,
    /// Its own functions.
    functions: u64,
    /// Parameters and results of all its own functions.
    type_len: u64,
    /// Its globals, those of metering included.
    globals: u64,
    /// Bytes of data, without the heads of segments.
    payload: u64,
    /// Bytes of data segments.
    data: u64,
    /// Bytes of element segments.
    elements: u64,
    /// Pages that its memory has at first.
    pages: u64,
}

impl ModuleCounts {
    /// Counts a module.
    fn of(wasm: &Wasm<'_>) -> Result<Self, ParseError> {
        let types = wasm.functions.iter().filter_map(|&ty| wasm.ty(ty));
        let type_len = types.map(|ty| ty.params().len() + ty.results().len()).sum::<usize>();
        let payload = wasm.data.iter().map(|data| data.data.len()).sum::<usize>();
        Ok(Self {
            size: wasm.size().try_into()?,
            functions: wasm.functions.len().try_into()?,
            type_len: type_len.try_into()?,
            globals: (wasm.globals.len() + meter::METER_GLOBALS).try_into()?,
            payload: payload.try_into()?,
            data: wasm.data_bytes(),
            elements: wasm.element_bytes(),
            pages: wasm.pages(),
        })
    }

    /// Gas of the activation; each part is whole microseconds. `opcodes` are those with meters.
    const fn gas(&self, opcodes: u64) -> u64 {
        let microseconds = self.size * 31_733 / 100_000
            + self.functions * 17_263 / 100_000
            + self.payload * 17_376 / 100_000
            + self.elements * 17_376 / 100_000
            + self.pages * 2217
            + opcodes * 535 / 1000;
        microseconds * GAS_PER_MICROSECOND
    }

    /// Gas of an entry that is not cached.
    fn init_cost(&self) -> Result<u16, ParseError> {
        let gas =
            self.functions * 8252 / 1000 + self.type_len * 1059 / 1000 + self.size * 1286 / 10_000;
        Ok(gas.try_into()?)
    }

    /// Gas of an entry that is cached.
    fn cached_cost(&self) -> Result<u16, ParseError> {
        let gas = self.functions * 13_420 / 100_000
            + self.type_len * 89 / 100_000
            + self.size * 122 / 100_000
            + self.globals * 1628 / 1000
            + (self.data + self.elements) * 75_244 / 100_000
            + self.pages * 5;
        Ok(gas.try_into()?)
    }

    /// Pages that an entry opens.
    fn footprint(&self) -> Result<u16, ParseError> {
        Ok(self.pages.try_into()?)
    }

    /// Bytes of native code.
    fn asm_estimate(&self) -> Result<u32, ParseError> {
        let bytes = 512_000
            + self.functions * 996_829 / 1000
            + self.type_len * 11_416 / 1000
            + self.size * 62_628 / 10_000;
        Ok(bytes.try_into()?)
    }
}
