//! One host call: the ink and the memory of the program that made it.

use alloy_primitives::{Address, B256, Bytes, FixedBytes, U256};
use wasmi::{AsContext, AsContextMut, Caller, Val};

use super::{Host, Parts, price};
use crate::{HookCall, World};

/// How the host ends a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Escape {
    /// The program asked to end with this status.
    #[error("exit with status {0}")]
    Exit(u32),
    /// The ink does not suffice.
    #[error("out of ink")]
    OutOfInk,
    /// The call cannot be done.
    #[error("host call failed")]
    Failure,
    /// The time is over.
    #[error("interrupted")]
    Late,
}

impl wasmi::errors::HostError for Escape {}

/// What hooks return.
pub(super) type Answer<T = ()> = Result<T, Escape>;

/// A host call in progress.
pub(super) struct Hook<'c, 'w> {
    /// The program.
    caller: Caller<'c, Host<'w>>,
    /// Input and output for tracers, if there are any.
    trace: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'c, 'w> Hook<'c, 'w> {
    /// Runs `body` as the hook `name`.
    ///
    /// # Errors
    /// The [`Escape`] of `body`, as the interpreter passes it on.
    pub(super) fn run<T>(
        name: &'static str,
        caller: Caller<'c, Host<'w>>,
        body: impl FnOnce(&mut Self) -> Answer<T>,
    ) -> Result<T, wasmi::Error> {
        let trace = caller.data().world.traced().then(Default::default);
        let mut hook = Self { caller, trace };
        let start_ink = hook.ink().map_err(wasmi::Error::host)?;
        let answer = body(&mut hook);
        if matches!(answer, Ok(_) | Err(Escape::Exit(_))) {
            hook.report(name, start_ink);
        }
        answer.map_err(wasmi::Error::host)
    }

    /// Tells the tracer about a hook that ended.
    fn report(&mut self, name: &'static str, start_ink: u64) {
        if let Some((args, outs)) = self.trace.take()
            && let Ok(end_ink) = self.ink()
        {
            let (args, outs) = (args.into(), outs.into());
            self.world().hook(HookCall { name, args, outs, start_ink, end_ink });
        }
    }

    /// Keeps this call from tracers.
    pub(super) fn hide(&mut self) {
        self.trace = None;
    }

    /// Notes input for tracers.
    pub(super) fn note_args(&mut self, parts: &[&[u8]]) {
        if let Some((args, _)) = &mut self.trace {
            args.extend(parts.iter().copied().flatten());
        }
    }

    /// Notes output for tracers.
    pub(super) fn note_outs(&mut self, parts: &[&[u8]]) {
        if let Some((_, outs)) = &mut self.trace {
            outs.extend(parts.iter().copied().flatten());
        }
    }

    /// The call that the program is in.
    pub(super) fn host(&mut self) -> &mut Host<'w> {
        self.caller.data_mut()
    }

    /// The chain.
    pub(super) fn world(&mut self) -> &mut dyn World {
        self.host().world
    }

    /// The program's parts.
    fn parts(&self) -> Answer<Parts> {
        self.caller.data().parts.ok_or(Escape::Failure)
    }

    /// Ink that is left.
    pub(super) fn ink(&self) -> Answer<u64> {
        match self.parts()?.ink.get(self.caller.as_context()) {
            Val::I64(ink) => Ok(ink.cast_unsigned()),
            _ => Err(Escape::Failure),
        }
    }

    /// Gas that is left, rounded down.
    pub(super) fn gas(&self) -> Answer<u64> {
        Ok(self.caller.data().params.gas(self.ink()?))
    }

    /// Takes ink.
    pub(super) fn charge(&mut self, ink: u64) -> Answer {
        match self.ink()?.checked_sub(ink) {
            Some(left) => self.set_ink(left),
            None => self.exhaust(),
        }
    }

    /// Takes gas.
    pub(super) fn charge_gas(&mut self, gas: u64) -> Answer {
        let ink = self.caller.data().params.ink(gas);
        self.charge(ink)
    }

    /// Ends the program unless so much gas is left.
    pub(super) fn require_gas(&mut self, gas: u64) -> Answer {
        let ink = self.caller.data().params.ink(gas);
        if self.ink()? < ink { self.exhaust() } else { Ok(()) }
    }

    /// Ends the program with no ink left.
    pub(super) fn exhaust(&mut self) -> Answer {
        self.set_ink(0)?;
        let status = self.parts()?.status;
        status.set(self.caller.as_context_mut(), Val::I32(1)).map_err(|_| Escape::Failure)?;
        Err(Escape::OutOfInk)
    }

    /// Sets the ink that is left.
    fn set_ink(&mut self, ink: u64) -> Answer {
        let global = self.parts()?.ink;
        let value = Val::I64(ink.cast_signed());
        global.set(self.caller.as_context_mut(), value).map_err(|_| Escape::Failure)
    }

    /// Bytes of the program's memory.
    pub(super) fn read(&self, at: u32, len: u32) -> Answer<&[u8]> {
        let range = range(at, len)?;
        self.parts()?.memory.data(self.caller.as_context()).get(range).ok_or(Escape::Failure)
    }

    /// Bytes of the program's memory, to keep.
    pub(super) fn read_bytes(&self, at: u32, len: u32) -> Answer<Bytes> {
        self.read(at, len).map(Bytes::copy_from_slice)
    }

    /// A fixed number of bytes of the program's memory.
    fn read_fixed<const N: usize>(&self, at: u32) -> Answer<FixedBytes<N>> {
        let len = u32::try_from(N).map_err(|_| Escape::Failure)?;
        self.read(at, len)?.try_into().map_err(|_| Escape::Failure)
    }

    /// A word of the program's memory.
    pub(super) fn read_word(&self, at: u32) -> Answer<B256> {
        self.read_fixed(at)
    }

    /// A number of the program's memory.
    pub(super) fn read_number(&self, at: u32) -> Answer<U256> {
        self.read_fixed(at).map(|word: B256| word.into())
    }

    /// An address of the program's memory.
    pub(super) fn read_address(&self, at: u32) -> Answer<Address> {
        self.read_fixed(at).map(Address::from)
    }

    /// Writes bytes to the program's memory.
    pub(super) fn write(&mut self, at: u32, bytes: &[u8]) -> Answer {
        let range = range(at, length(bytes)?)?;
        let memory = self.parts()?.memory;
        let target = memory.data_mut(self.caller.as_context_mut()).get_mut(range);
        target.ok_or(Escape::Failure)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Pays for and writes the answer of a hook that has no other: a word or an address.
    pub(super) fn answer_word(&mut self, to: u32, bytes: &[u8]) -> Answer {
        self.charge(price::HOOK + price::POINTER)?;
        self.write(to, bytes)?;
        self.note_outs(&[bytes]);
        Ok(())
    }

    /// Writes a count to the program's memory.
    pub(super) fn write_count(&mut self, at: u32, count: u32) -> Answer {
        self.write(at, &count.to_le_bytes())
    }
}

/// A range of memory.
fn range(at: u32, len: u32) -> Answer<std::ops::Range<usize>> {
    let start = usize::try_from(at).map_err(|_| Escape::Failure)?;
    let len = usize::try_from(len).map_err(|_| Escape::Failure)?;
    Ok(start..start.checked_add(len).ok_or(Escape::Failure)?)
}

/// A length as programs count.
pub(super) fn length(bytes: &[u8]) -> Answer<u32> {
    bytes.len().try_into().map_err(|_| Escape::Failure)
}

/// At most `size` bytes from `offset` on; fewer where the bytes end.
pub(super) fn window(bytes: &Bytes, offset: u32, size: u32) -> Bytes {
    let at = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (u64::from(offset), u64::from(offset).saturating_add(size.into()));
    bytes.slice(at(start)..at(end))
}
