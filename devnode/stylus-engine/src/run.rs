//! One call of a program: from calldata and gas to a result.
//!
//! Who may be called, the price of the entry, and what becomes of state belong to the chain.

use alloy_primitives::Bytes;
use wasmi::{Func, Global, ResumableCall, Store, TrapCode, Val};

use crate::{
    EvmApi, HostioCall, Module, Params,
    host::{Escape, WasmEnv},
    module::ProgramInstance,
};

/// How a call of a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The program returned zero; the output is its result.
    Success,
    /// The program returned something else; the output is its revert data.
    Revert,
    /// The ink ran out; nothing is left.
    OutOfInk,
    /// The stack of wasm frames grew too deep; nothing is left.
    OutOfStack,
    /// A trap, or a host call that failed: a revert without data that keeps its gas.
    Failure,
    /// It was stopped because the time was over ([`World::is_late`]).
    TimedOut,
}

/// Operators between one look at the clock and the next. Unlike ink, they say nothing about prices.
const FUEL_SLICE: u64 = 1 << 20;

/// What a call of a program came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Result or revert data.
    pub output: Bytes,
    /// Gas that is left of what the run was given.
    pub gas_left: u64,
}

impl Outcome {
    /// An end without output.
    const fn without_output(status: Status, gas_left: u64) -> Self {
        Self { status, output: Bytes::new(), gas_left }
    }
}

/// Calls `module` with `input` and `gas`, from which the price of the entry is taken already.
///
/// Neither undoes state nor restores the count of open pages: both belong to the caller.
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

    let mut store = Store::new(module.engine(), WasmEnv::new(evm_api, params, input));
    let Ok(instance) = module.instantiate(&mut store) else {
        return Outcome::without_output(Status::Failure, gas);
    };
    let returned = run_entrypoint(&mut store, &instance, ink, len);
    let outcome = match returned {
        Ok(status) => Ok(status),
        Err(error) => classify(&store, &instance, &error),
    };
    let gas_left = params.gas(get_global(&store, instance.exports.ink_left));
    let WasmEnv { output, evm_api: world, .. } = store.into_data();
    match outcome {
        Ok(code) => {
            capture_boundary(world, "user_returned", &[], &code.to_be_bytes(), ink);
            let status = if code == 0 { Status::Success } else { Status::Revert };
            Outcome { status, output: output.into(), gas_left }
        }
        Err(Status::Failure) => Outcome::without_output(Status::Failure, gas_left),
        Err(status) => Outcome::without_output(status, 0),
    }
}

/// Sets the meters and runs the entry point; what it returned.
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

/// Calls the entry point and looks at the clock from time to time.
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

/// What stopped a program: the status it asked for, or how it failed.
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

/// The value of a global of the meters.
fn get_global(store: &Store<WasmEnv<'_>>, global: Global) -> u64 {
    match global.get(store) {
        Val::I64(value) => value.cast_unsigned(),
        Val::I32(value) => value.cast_unsigned().into(),
        _ => 0,
    }
}

/// Sets a global of the meters.
fn set_global(
    store: &mut Store<WasmEnv<'_>>,
    global: Global,
    value: Val,
) -> Result<(), wasmi::Error> {
    global.set(store, value).map_err(|_| wasmi::Error::host(Escape::Failure))
}

/// Tells a tracer where a run begins or ends.
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
