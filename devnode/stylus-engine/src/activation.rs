//! Activation: its order of checks, its gas, and the entry costs it records.
//!
//! The rules are in [`crate::check`], the metering passes in [`crate::meter`]. The caller charges
//! the precompile's own gas and the data fee in wei.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "counts of a module of less than 2^32 bytes times constants below 2^20 stay far below 2^64"
)]
#![expect(clippy::integer_division, reason = "every price rounds down, as in Nitro")]

use alloy_primitives::{B256, keccak256};

use crate::{
    Module, StylusVersion,
    check::{check_links, check_rules},
    error::{ActivationError, BuildError, ParseError},
    meter::{self, Metered},
    profile::{self, FunctionNames},
    wasm::{METER_GLOBALS, Wasm},
};

/// Gas per microsecond of estimated activation time.
const GAS_PER_MICROSECOND: u64 = 28;

/// The result of an activation.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The program, ready to run.
    pub module: Module,
    /// Gas of the activation, without the gas that the `ArbWasm` precompile adds.
    pub gas: u64,
    /// Gas of an entry that is not cached, before scaling by
    /// [`Params::init_gas`](crate::Params::init_gas).
    pub init_cost: u16,
    /// Gas of a cached entry, before scaling by [`Params::cached_gas`](crate::Params::cached_gas).
    pub cached_cost: u16,
    /// Wasm pages that the program opens on entry.
    pub footprint: u16,
    /// Nitro's estimate of the native code's size in bytes; the data fee is charged for it.
    pub asm_estimate: u32,
    /// Keccak-256 of the wasm. Nitro's module hash is the digest of its prover's machine instead.
    pub module_hash: B256,
}

/// Checks, instruments and compiles `bytes`, the wasm of a program, for a version of Stylus.
///
/// The memory may start with at most `page_limit` pages, and the activation may cost at most
/// `gas_budget` gas. `debug` allows start functions (which never run) and the imports of `console`.
///
/// # Errors
/// See [`ActivationError`].
pub fn activate(
    bytes: &[u8],
    version: StylusVersion,
    page_limit: u16,
    gas_budget: u64,
    debug: bool,
) -> Result<Activation, ActivationError> {
    let (wasm, metered) = read_and_meter(bytes, version, page_limit, debug)?;
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

/// Checks and compiles `bytes`, the wasm of a program, such that each run reports a [`Profile`] to
/// [`EvmApi::capture_profile`](crate::EvmApi::capture_profile). Ink and results are those of the
/// module that [`activate`] returns. Names of functions come from the name section.
///
/// # Errors
/// See [`ActivationError`]. Memory and gas of the activation are not limited.
///
/// [`Profile`]: crate::Profile
pub fn profiled(bytes: &[u8], version: StylusVersion) -> Result<Module, ActivationError> {
    let (wasm, metered) = read_and_meter(bytes, version, u16::MAX, true)?;
    let instrumented = profile::instrument(&metered.wasm, wasm.imports.len())?;
    let module = Module::compile(&instrumented).map_err(BuildError::from)?;
    Ok(module.with_names(FunctionNames::read(bytes)))
}

/// Parses, checks and meters a program.
fn read_and_meter(
    bytes: &[u8],
    version: StylusVersion,
    page_limit: u16,
    debug: bool,
) -> Result<(Wasm<'_>, Metered), ActivationError> {
    let wasm = Wasm::read(bytes, version)?;
    check_rules(&wasm, page_limit, debug)?;
    let bodies =
        wasm.bodies.iter().map(|body| wasm.operators(body)).collect::<Result<Vec<_>, _>>()?;
    check_links(&wasm, &bodies, debug)?;
    let metered = meter::instrument(&wasm, bodies)?;
    Ok((wasm, metered))
}

/// Counts of a module from which its prices follow.
#[derive(Clone, Copy, Debug)]
struct ModuleCounts {
    /// Bytes of the module.
    size: u64,
    /// Functions that the module defines.
    functions: u64,
    /// Parameters plus results, summed over those functions.
    type_len: u64,
    /// Globals, including the four that metering adds.
    globals: u64,
    /// Bytes of data, without segment headers.
    payload: u64,
    /// Bytes of data segments, with their headers.
    data: u64,
    /// Bytes of element segments, with their headers.
    elements: u64,
    /// Initial pages of the memory.
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
            globals: (wasm.globals.len() + METER_GLOBALS).try_into()?,
            payload: payload.try_into()?,
            data: wasm.data_bytes(),
            elements: wasm.element_bytes(),
            pages: wasm.pages(),
        })
    }

    /// Gas of the activation; each term is rounded down to whole microseconds. `opcodes` includes
    /// metering code.
    const fn gas(&self, opcodes: u64) -> u64 {
        let microseconds = self.size * 31_733 / 100_000
            + self.functions * 17_263 / 100_000
            + self.payload * 17_376 / 100_000
            + self.elements * 17_376 / 100_000
            + self.pages * 2217
            + opcodes * 535 / 1000;
        microseconds * GAS_PER_MICROSECOND
    }

    /// Unscaled gas of an entry that is not cached.
    fn init_cost(&self) -> Result<u16, ParseError> {
        let gas =
            self.functions * 8252 / 1000 + self.type_len * 1059 / 1000 + self.size * 1286 / 10_000;
        Ok(gas.try_into()?)
    }

    /// Unscaled gas of a cached entry.
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

    /// Estimated bytes of native code.
    fn asm_estimate(&self) -> Result<u32, ParseError> {
        let bytes = 512_000
            + self.functions * 996_829 / 1000
            + self.type_len * 11_416 / 1000
            + self.size * 62_628 / 10_000;
        Ok(bytes.try_into()?)
    }
}
