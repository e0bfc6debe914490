//! The entry point: from the host's call to the routing table of a contract, and back.

use muster_protocol::abi::IWorkerDispatcher::{NotPayable, Reentered, UnknownCall};

use crate::args::Args;
use crate::output::AbiEncode;
use crate::wire::{Reverted, revert};
use crate::{INPUT_CAPACITY, host};

/// The result of a call. The return value or the revert data is in the output buffer.
pub type CallResult = Result<(), Reverted>;

/// Encodes the return value of a call into the output buffer.
fn write_return_value(result: &impl AbiEncode) {
    host::with_output(|out| {
        out.clear();
        result.encode(out);
    });
}

/// The return type of a routed function: a value, or a `Result` with a value.
pub trait IntoCallResult {
    /// Encodes the value into the output buffer.
    ///
    /// # Errors
    /// The error of the function, if it returned one.
    fn into_call_result(self) -> CallResult;
}

impl<T: AbiEncode> IntoCallResult for T {
    fn into_call_result(self) -> CallResult {
        write_return_value(&self);
        Ok(())
    }
}

impl<T: AbiEncode> IntoCallResult for Result<T, Reverted> {
    fn into_call_result(self) -> CallResult {
        self.map(|value| write_return_value(&value))
    }
}

/// Reverts a call that carries wei.
///
/// # Errors
/// `NotPayable`.
#[inline(never)]
pub fn require_no_value() -> CallResult {
    match host::value() {
        0 => Ok(()),
        value => Err(revert(&NotPayable { value })),
    }
}

/// Reverts a call that arrives while the contract holds its lock, that is, while it sends wei.
///
/// # Errors
/// `Reentered`.
#[inline(never)]
pub fn require_unlocked() -> CallResult {
    if host::is_locked() { Err(revert(&Reentered {})) } else { Ok(()) }
}

/// The revert for a selector that is not in the routing table.
#[must_use]
pub fn unknown_selector(selector: u32) -> Reverted {
    revert(&UnknownCall { selector: selector.to_be_bytes().into() })
}

/// Runs a call with `len` bytes of calldata through a routing table. Returns the status for the host: 0 for
/// success, 1 for a revert. Storage is flushed only on success.
pub fn run(len: usize, route: impl FnOnce(u32, &mut Args) -> CallResult) -> usize {
    host::import_memory_grow();
    let result = match host::read_calldata(len).map(<[u8]>::split_first_chunk) {
        Some(Some((selector, data))) => route(u32::from_be_bytes(*selector), &mut Args::new(data)),
        // No selector: a plain transfer of wei.
        Some(None) => Err(unknown_selector(0)),
        None => Err(crate::wire::malformed_call(u32::try_from(INPUT_CAPACITY >> 5).unwrap_or(0))),
    };
    if result.is_ok() {
        host::commit_storage();
    }
    host::write_result();
    usize::from(result.is_err())
}

/// Declares the routing table of a contract: kind, call type of the interface, function.
///
/// | kind | value | while the lock is held |
/// | --- | --- | --- |
/// | `view`, `act` | reverts with `NotPayable` | runs |
/// | `call` | reverts with `NotPayable` | reverts with `Reentered` |
/// | `pay` | is accepted | reverts with `Reentered` |
///
/// A `view` must not write; the kind is otherwise the same as `act`. Each function takes `&mut Args` and
/// returns a type that implements [`IntoCallResult`](crate::entry::IntoCallResult).
#[macro_export]
macro_rules! contract {
    ($($kind:ident $call:ty => $run:path;)*) => {
        /// Routes a call by its selector.
        ///
        /// # Errors
        /// Every revert of the contract; the revert data is in the output buffer.
        pub fn route(selector: u32, args: &mut $crate::Args) -> $crate::CallResult {
            use stylus_sdk::alloy_sol_types::SolCall as _;

            $(if selector == const { u32::from_be_bytes(<$call>::SELECTOR) } {
                $crate::contract!(@guard $kind);
                return $crate::entry::IntoCallResult::into_call_result($run(args));
            })*
            Err($crate::entry::unknown_selector(selector))
        }

        /// The entry point that the host calls.
        #[cfg(target_arch = "wasm32")]
        #[expect(unsafe_code, reason = "the host calls this function by its name")]
        #[unsafe(no_mangle)]
        extern "C" fn user_entrypoint(len: usize) -> usize {
            $crate::entry::run(len, route)
        }
    };
    (@guard view) => { $crate::entry::require_no_value()? };
    (@guard act) => { $crate::entry::require_no_value()? };
    (@guard call) => {{ $crate::entry::require_no_value()?; $crate::entry::require_unlocked()? }};
    (@guard pay) => { $crate::entry::require_unlocked()? };
}
