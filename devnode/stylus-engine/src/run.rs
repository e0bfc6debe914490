//! One call of a program: from calldata and gas to a result.
//!
//! Who may be called, the price of the entry, and what becomes of state belong to the chain.

use alloy_primitives::Bytes;
use wasmi::{Func, Global, ResumableCall, Store, TrapCode, Val};

use crate::{
    HookCall, Module, Params, World,
    host::{Escape, Host},
    module::Started,
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
    Interrupted,
}

/// Operators between one look at the clock and the next. Unlike ink, they say nothing about prices.
const SLICE: u64 = 1 << 20;

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
    const fn bare(status: Status, gas_left: u64) -> Self {
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
    world: &mut dyn World,
) -> Outcome {
    let ink = params.ink(gas);
    let len = u32::try_from(input.len()).unwrap_or(u32::MAX);
    report(world, "user_entrypoint", &len.to_be_bytes(), &[], ink);

    let mut store = Store::new(module.engine(), Host::new(world, params, input));
    let Ok(started) = module.start(&mut store) else {
        return Outcome::bare(Status::Failure, gas);
    };
    let returned = enter(&mut store, &started, ink, len);
    let ending = match returned {
        Ok(status) => Ok(status),
        Err(error) => classify(&store, &started, &error),
    };
    let gas_left = params.gas(read(&store, started.parts.ink));
    let Host { output, world, .. } = store.into_data();
    match ending {
        Ok(code) => {
            report(world, "user_returned", &[], &code.to_be_bytes(), ink);
            let status = if code == 0 { Status::Success } else { Status::Revert };
            Outcome { status, output: output.into(), gas_left }
        }
        Err(Status::Failure) => Outcome::bare(Status::Failure, gas_left),
        Err(status) => Outcome::bare(status, 0),
    }
}

/// Sets the meters and runs the entry point; what it returned.
fn enter(
    store: &mut Store<Host<'_>>,
    started: &Started,
    ink: u64,
    len: u32,
) -> Result<u32, wasmi::Error> {
    let depth = store.data().params.max_stack_depth;
    store.data_mut().parts = Some(started.parts);
    set(store, started.parts.ink, Val::I64(ink.cast_signed()))?;
    set(store, started.stack, Val::I32(depth.cast_signed()))?;
    call(store, started.entrypoint, len)
}

/// Calls the entry point and looks at the clock from time to time.
fn call(store: &mut Store<Host<'_>>, entrypoint: Func, len: u32) -> Result<u32, wasmi::Error> {
    let mut status = [Val::I32(0)];
    store.set_fuel(SLICE)?;
    let mut running =
        entrypoint.call_resumable(&mut *store, &[Val::I32(len.cast_signed())], &mut status)?;
    loop {
        match running {
            ResumableCall::Finished => break,
            ResumableCall::HostTrap(trap) => return Err(trap.into_host_error()),
            ResumableCall::OutOfFuel(paused) => {
                if store.data_mut().world.is_late() {
                    return Err(wasmi::Error::host(Escape::Late));
                }
                store.set_fuel(paused.required_fuel().max(SLICE))?;
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
    store: &Store<Host<'_>>,
    started: &Started,
    error: &wasmi::Error,
) -> Result<u32, Status> {
    let too_deep = matches!(error.as_trap_code(), Some(TrapCode::StackOverflow));
    if too_deep || read(store, started.stack) == 0 {
        Err(Status::OutOfStack)
    } else if read(store, started.parts.status) != 0 {
        Err(Status::OutOfInk)
    } else {
        match error.downcast_ref() {
            Some(Escape::Exit(status)) => Ok(*status),
            Some(Escape::Late) => Err(Status::Interrupted),
            _ => Err(Status::Failure),
        }
    }
}

/// The value of a global of the meters.
fn read(store: &Store<Host<'_>>, global: Global) -> u64 {
    match global.get(store) {
        Val::I64(value) => value.cast_unsigned(),
        Val::I32(value) => value.cast_unsigned().into(),
        _ => 0,
    }
}

/// Sets a global of the meters.
fn set(store: &mut Store<Host<'_>>, global: Global, value: Val) -> Result<(), wasmi::Error> {
    global.set(store, value).map_err(|_| wasmi::Error::host(Escape::Failure))
}

/// Tells a tracer where a run begins or ends.
fn report(world: &mut dyn World, name: &'static str, args: &[u8], outs: &[u8], ink: u64) {
    if world.traced() {
        let (args, outs) = (Bytes::copy_from_slice(args), Bytes::copy_from_slice(outs));
        world.hook(HookCall { name, args, outs, start_ink: ink, end_ink: ink });
    }
}
