//! One call of a program: from calldata and gas to a result.
//!
//! The chain decides who may be called, charges the entry, and commits or reverts state.

use alloy_primitives::Bytes;
use wasmi::{Func, Global, ResumableCall, Store, TrapCode, Val};

use crate::{
    EvmApi, HostioCall, Module, Params,
    host::{Escape, WasmEnv},
    module::ProgramInstance,
    profile::Recorder,
};

/// How a call of a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The program returned zero; `output` is its result.
    Success,
    /// The program returned another status; `output` is its revert data.
    Revert,
    /// The program ran out of ink; no gas is left.
    OutOfInk,
    /// The program exceeded its stack budget; no gas is left.
    OutOfStack,
    /// A trap or a failed host call: a revert without data that keeps the remaining gas.
    Failure,
    /// The call ran out of time ([`EvmApi::is_timed_out`]); no gas is left.
    TimedOut,
}

/// Operators between two polls of the clock. Fuel measures time only and is independent of ink.
const FUEL_SLICE: u64 = 1 << 20;

/// Result of a program call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How the call ended.
    pub status: Status,
    /// Return data or revert data.
    pub output: Bytes,
    /// Gas left of the gas that the run started with.
    pub gas_left: u64,
}

impl Outcome {
    /// A result without output.
    const fn without_output(status: Status, gas_left: u64) -> Self {
        Self { status, output: Bytes::new(), gas_left }
    }
}

/// Calls `module` with `input` and `gas`. The caller has already charged the entry.
///
/// A failed run leaves its state changes and the count of open pages as they are: the caller
/// reverts both. Blocks the thread until the program ends or [`EvmApi::is_timed_out`].
pub fn run(
    module: &Module,
    params: &Params,
    input: &[u8],
    gas: u64,
    evm_api: &mut dyn EvmApi,
) -> Outcome {
    let ink = params.ink(gas);
    let len = u32::try_from(input.len()).unwrap_or(u32::MAX);
    capture_boundary(evm_api, "user_entrypoint", &len.to_be_bytes(), &[], ink);

    let mut env = WasmEnv::new(evm_api, params, input);
    env.profile = module.names().map(|_| Recorder::new(ink));
    let mut store = Store::new(module.engine(), env);
    let Ok(instance) = module.instantiate(&mut store) else {
        return Outcome::without_output(Status::Failure, gas);
    };
    let returned = run_entrypoint(&mut store, &instance, ink, len);
    let outcome = match returned {
        Ok(status) => Ok(status),
        Err(error) => classify(&store, &instance, &error),
    };
    let ink_left = match outcome {
        Ok(_) | Err(Status::Failure) => get_global(&store, instance.exports.ink_left),
        Err(_) => 0,
    };
    let gas_left = params.gas(ink_left);
    let WasmEnv { output, evm_api, profile, .. } = store.into_data();
    if let (Some(profile), Some(names)) = (profile, module.names()) {
        evm_api.capture_profile(profile.finish(ink_left, names));
    }
    match outcome {
        Ok(code) => {
            capture_boundary(evm_api, "user_returned", &[], &code.to_be_bytes(), ink);
            let status = if code == 0 { Status::Success } else { Status::Revert };
            Outcome { status, output: output.into(), gas_left }
        }
        Err(status) => Outcome::without_output(status, gas_left),
    }
}

/// Sets the metering globals, runs the entry point and returns its status.
fn run_entrypoint(
    store: &mut Store<WasmEnv<'_>>,
    instance: &ProgramInstance,
    ink: u64,
    len: u32,
) -> Result<u32, wasmi::Error> {
    let depth = store.data().params.max_stack_depth;
    store.data_mut().exports = Some(instance.exports);
    set_global(store, instance.exports.ink_left, Val::I64(ink.cast_signed()))?;
    set_global(store, instance.stack_left, Val::I32(depth.cast_signed()))?;
    call_entrypoint(store, instance.entrypoint, len)
}

/// Runs the entry point in slices of fuel and polls the clock between them.
fn call_entrypoint(
    store: &mut Store<WasmEnv<'_>>,
    entrypoint: Func,
    len: u32,
) -> Result<u32, wasmi::Error> {
    let mut status = [Val::I32(0)];
    store.set_fuel(FUEL_SLICE)?;
    let mut running =
        entrypoint.call_resumable(&mut *store, &[Val::I32(len.cast_signed())], &mut status)?;
    loop {
        match running {
            ResumableCall::Finished => break,
            ResumableCall::HostTrap(trap) => return Err(trap.into_host_error()),
            ResumableCall::OutOfFuel(paused) => {
                if store.data_mut().evm_api.is_timed_out() {
                    return Err(wasmi::Error::host(Escape::TimedOut));
                }
                store.set_fuel(paused.required_fuel().max(FUEL_SLICE))?;
                running = paused.resume(&mut *store, &mut status)?;
            }
        }
    }
    match status {
        [Val::I32(status)] => Ok(status.cast_unsigned()),
        _ => Err(wasmi::Error::host(Escape::Failure)),
    }
}

/// Why a program stopped: the status it exited with, or how it failed.
fn classify(
    store: &Store<WasmEnv<'_>>,
    instance: &ProgramInstance,
    error: &wasmi::Error,
) -> Result<u32, Status> {
    let too_deep = matches!(error.as_trap_code(), Some(TrapCode::StackOverflow));
    if too_deep || get_global(store, instance.stack_left) == 0 {
        Err(Status::OutOfStack)
    } else if get_global(store, instance.exports.ink_status) != 0 {
        Err(Status::OutOfInk)
    } else {
        match error.downcast_ref() {
            Some(Escape::Exit(status)) => Ok(*status),
            Some(Escape::TimedOut) => Err(Status::TimedOut),
            _ => Err(Status::Failure),
        }
    }
}

/// Reads a metering global.
fn get_global(store: &Store<WasmEnv<'_>>, global: Global) -> u64 {
    match global.get(store) {
        Val::I64(value) => value.cast_unsigned(),
        Val::I32(value) => value.cast_unsigned().into(),
        _ => 0,
    }
}

/// Sets a metering global.
fn set_global(
    store: &mut Store<WasmEnv<'_>>,
    global: Global,
    value: Val,
) -> Result<(), wasmi::Error> {
    global.set(store, value).map_err(|_| wasmi::Error::host(Escape::Failure))
}

/// Reports the start or end of a run to a tracer.
fn capture_boundary(
    evm_api: &mut dyn EvmApi,
    name: &'static str,
    args: &[u8],
    outs: &[u8],
    ink: u64,
) {
    if evm_api.is_traced() {
        let (args, outs) = (Bytes::copy_from_slice(args), Bytes::copy_from_slice(outs));
        evm_api.capture_hostio(HostioCall { name, args, outs, start_ink: ink, end_ink: ink });
    }
}
