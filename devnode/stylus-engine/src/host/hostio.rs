//! One host call: access to the ink and the memory of the calling program.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use wasmi::{AsContext, AsContextMut, Caller, Val};

use super::{
    env::{InstanceExports, WasmEnv},
    price,
};
use crate::{
    EvmApi, HostioCall,
    profile::{self, Frame},
};

/// How a host call ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Escape {
    /// The program exits with this status.
    #[error("exit with status {0}")]
    Exit(u32),
    /// The ink does not cover the call.
    #[error("out of ink")]
    OutOfInk,
    /// The call is not possible, for example because a pointer is out of bounds.
    #[error("host call failed")]
    Failure,
    /// The call has used up its wall-clock time.
    #[error("interrupted")]
    TimedOut,
}

impl wasmi::errors::HostError for Escape {}

/// Result of a hostio.
pub(super) type HostioResult<T = ()> = Result<T, Escape>;

/// A host call in progress.
pub(super) struct Hostio<'c, 'w> {
    /// Access to the program.
    caller: Caller<'c, WasmEnv<'w>>,
    /// Arguments and results, if the call is traced.
    trace: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'c, 'w> Hostio<'c, 'w> {
    /// Runs `body` as the hostio `name`.
    ///
    /// # Errors
    /// The [`Escape`] of `body`, wrapped for the interpreter.
    pub(super) fn run<T>(
        name: &'static str,
        caller: Caller<'c, WasmEnv<'w>>,
        body: impl FnOnce(&mut Self) -> HostioResult<T>,
    ) -> Result<T, wasmi::Error> {
        let trace = caller.data().evm_api.is_traced().then(Default::default);
        let mut hostio = Self { caller, trace };
        let start_ink = hostio.ink().map_err(wasmi::Error::host)?;
        let env = hostio.env();
        if let Some(profile) = &mut env.profile {
            env.evm_api.capture_profile_node(profile.enter(Frame::Host(name), start_ink));
        }
        let result = body(&mut hostio);
        if matches!(result, Ok(_) | Err(Escape::Exit(_))) {
            hostio.capture(name, start_ink);
        }
        hostio.leave_profile().map_err(wasmi::Error::host)?;
        result.map_err(wasmi::Error::host)
    }

    /// Reports the end of a hostio to the profile.
    fn leave_profile(&mut self) -> HostioResult {
        let ink = self.ink()?;
        if let Some(profile) = &mut self.env().profile {
            profile.leave(ink);
        }
        Ok(())
    }

    /// Reports to the profile that a function of the program is entered, or left.
    pub(super) fn step(caller: Caller<'c, WasmEnv<'w>>, function: i32) -> Result<(), wasmi::Error> {
        let mut hostio = Self { caller, trace: None };
        let ink = hostio.ink().map_err(wasmi::Error::host)?;
        if let Some(profile) = &mut hostio.env().profile {
            if function == profile::LEAVE {
                profile.leave(ink);
            } else {
                profile.enter(Frame::Function(function.cast_unsigned()), ink);
            }
        }
        Ok(())
    }

    /// Reports a finished hostio to the tracer.
    fn capture(&mut self, name: &'static str, start_ink: u64) {
        if let Some((args, outs)) = self.trace.take()
            && let Ok(end_ink) = self.ink()
        {
            let (args, outs) = (args.into(), outs.into());
            self.evm_api().capture_hostio(HostioCall { name, args, outs, start_ink, end_ink });
        }
    }

    /// Hides this call from tracers.
    pub(super) fn disable_trace(&mut self) {
        self.trace = None;
    }

    /// Appends to the traced arguments.
    pub(super) fn trace_args(&mut self, parts: &[&[u8]]) {
        if let Some((args, _)) = &mut self.trace {
            args.extend(parts.iter().copied().flatten());
        }
    }

    /// Appends to the traced results.
    pub(super) fn trace_outs(&mut self, parts: &[&[u8]]) {
        if let Some((_, outs)) = &mut self.trace {
            outs.extend(parts.iter().copied().flatten());
        }
    }

    /// The environment of the program call.
    pub(super) fn env(&mut self) -> &mut WasmEnv<'w> {
        self.caller.data_mut()
    }

    /// The chain.
    pub(super) fn evm_api(&mut self) -> &mut dyn EvmApi {
        self.env().evm_api
    }

    /// The program's exports.
    fn exports(&self) -> HostioResult<InstanceExports> {
        self.caller.data().exports.ok_or(Escape::Failure)
    }

    /// Ink left.
    pub(super) fn ink(&self) -> HostioResult<u64> {
        match self.exports()?.ink_left.get(self.caller.as_context()) {
            Val::I64(ink) => Ok(ink.cast_unsigned()),
            _ => Err(Escape::Failure),
        }
    }

    /// Gas left, rounded down.
    pub(super) fn gas(&self) -> HostioResult<u64> {
        Ok(self.caller.data().params.gas(self.ink()?))
    }

    /// Charges ink.
    pub(super) fn charge(&mut self, ink: u64) -> HostioResult {
        match self.ink()?.checked_sub(ink) {
            Some(left) => self.set_ink(left),
            None => self.out_of_ink(),
        }
    }

    /// Charges gas.
    pub(super) fn charge_gas(&mut self, gas: u64) -> HostioResult {
        let ink = self.caller.data().params.ink(gas);
        self.charge(ink)
    }

    /// Ends the program unless at least `gas` is left.
    pub(super) fn require_gas(&mut self, gas: u64) -> HostioResult {
        let ink = self.caller.data().params.ink(gas);
        if self.ink()? < ink { self.out_of_ink() } else { Ok(()) }
    }

    /// Ends the program with no ink left.
    pub(super) fn out_of_ink(&mut self) -> HostioResult {
        self.set_ink(0)?;
        let status = self.exports()?.ink_status;
        status.set(self.caller.as_context_mut(), Val::I32(1)).map_err(|_| Escape::Failure)?;
        Err(Escape::OutOfInk)
    }

    /// Sets the remaining ink.
    fn set_ink(&mut self, ink: u64) -> HostioResult {
        let global = self.exports()?.ink_left;
        let value = Val::I64(ink.cast_signed());
        global.set(self.caller.as_context_mut(), value).map_err(|_| Escape::Failure)
    }

    /// Borrows bytes of the program's memory.
    pub(super) fn read(&self, at: u32, len: u32) -> HostioResult<&[u8]> {
        let range = memory_range(at, len)?;
        self.exports()?.memory.data(self.caller.as_context()).get(range).ok_or(Escape::Failure)
    }

    /// Copies bytes of the program's memory.
    pub(super) fn read_bytes(&self, at: u32, len: u32) -> HostioResult<Bytes> {
        self.read(at, len).map(Bytes::copy_from_slice)
    }

    /// Reads a fixed number of bytes of the program's memory.
    fn read_fixed<const N: usize>(&self, at: u32) -> HostioResult<FixedBytes<N>> {
        let len = u32::try_from(N).map_err(|_| Escape::Failure)?;
        self.read(at, len)?.try_into().map_err(|_| Escape::Failure)
    }

    /// Reads a 32-byte word of the program's memory.
    pub(super) fn read_word(&self, at: u32) -> HostioResult<B256> {
        self.read_fixed(at)
    }

    /// Reads a big-endian number of the program's memory.
    pub(super) fn read_u256(&self, at: u32) -> HostioResult<U256> {
        self.read_fixed(at).map(|word: B256| word.into())
    }

    /// Reads an address of the program's memory.
    pub(super) fn read_address(&self, at: u32) -> HostioResult<Address> {
        self.read_fixed(at).map(Address::from)
    }

    /// Writes bytes to the program's memory.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> HostioResult {
        let range = memory_range(at, len_u32(bytes)?)?;
        let memory = self.exports()?.memory;
        let target = memory.data_mut(self.caller.as_context_mut()).get_mut(range);
        target.ok_or(Escape::Failure)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Charges for and writes the only result of a hostio, a word or an address.
    pub(super) fn return_word(&mut self, to: u32, bytes: &[u8]) -> HostioResult {
        self.charge(price::HOSTIO_INK + price::PTR_INK)?;
        self.write(to, bytes)?;
        self.trace_outs(&[bytes]);
        Ok(())
    }

    /// Writes a little-endian count to the program's memory.
    pub(super) fn write_u32(&mut self, at: u32, count: u32) -> HostioResult {
        self.write(at, &count.to_le_bytes())
    }
}

/// The range of `len` bytes from `at`.
fn memory_range(at: u32, len: u32) -> HostioResult<std::ops::Range<usize>> {
    let start = usize::try_from(at).map_err(|_| Escape::Failure)?;
    let len = usize::try_from(len).map_err(|_| Escape::Failure)?;
    Ok(start..start.checked_add(len).ok_or(Escape::Failure)?)
}

/// A length as programs count it.
pub(super) fn len_u32(bytes: &[u8]) -> HostioResult<u32> {
    bytes.len().try_into().map_err(|_| Escape::Failure)
}

/// At most `size` bytes from `offset`; fewer where `bytes` ends.
pub(super) fn subslice(bytes: &Bytes, offset: u32, size: u32) -> Bytes {
    let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (u64::from(offset), u64::from(offset).saturating_add(size.into()));
    bytes.slice(at(start)..at(end))
}
