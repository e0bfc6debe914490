//! From the host's call to a contract's routing table and back.

use muster_protocol::abi::IWorkerDispatcher::{NotPayable, Reentered, UnknownCall};

use crate::args::Args;
use crate::output::AbiEncode;
use crate::wire::{Reverted, revert};
use crate::{BUFFER_CAPACITY, host};

/// The result, or the reason to refuse, stands in the output buffer.
pub type CallResult = Result<(), Reverted>;

/// Writes the result of a call.
fn write_return_value(result: &impl AbiEncode) {
    host::with_output(|out| {
        out.clear();
        result.encode(out);
    });
}

/// What the function behind a call returns: a value, or a value unless it refuses.
pub trait IntoCallResult {
    /// Writes the value.
    ///
    /// # Errors
    /// The function's own refusal.
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

/// Refuses a call that carries wei.
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

/// Refuses a call while the contract hands out money.
///
/// # Errors
/// `Reentered`.
#[inline(never)]
pub fn require_unlocked() -> CallResult {
    if host::is_locked() { Err(revert(&Reentered {})) } else { Ok(()) }
}

/// The refusal of a selector that is not in the table.
#[must_use]
pub fn unknown_selector(selector: u32) -> Reverted {
    revert(&UnknownCall { selector: selector.to_be_bytes().into() })
}

/// Runs a call of `len` bytes through a routing table; returns 0 for a result and 1 for a refusal.
pub fn run(len: usize, route: impl FnOnce(u32, &mut Args) -> CallResult) -> usize {
    host::import_memory_grow();
    let result = match host::read_calldata(len).map(<[u8]>::split_first_chunk) {
        Some(Some((selector, data))) => route(u32::from_be_bytes(*selector), &mut Args::new(data)),
        // No selector: a plain transfer.
        Some(None) => Err(unknown_selector(0)),
        None => Err(crate::wire::malformed_call(u32::try_from(BUFFER_CAPACITY >> 5).unwrap_or(0))),
    };
    if result.is_ok() {
        host::commit_storage();
    }
    host::write_result();
    usize::from(result.is_err())
}

/// A contract's table of calls: kind, the interface's call type, the function that does it.
///
/// A `view` only reads; an `act` or `call` changes something and, like a `view`, takes no wei; a `pay`
/// does. `call` and `pay` are refused while the contract hands out money; an `act` has no such guard. Each
/// function takes `&mut Args` and returns what is written back.
#[macro_export]
macro_rules! contract {
    ($($kind:ident $call:ty => $run:path;)*) => {
        /// The contract's table of calls.
        ///
        /// # Errors
        /// Every refusal of the contract; its reason stands in the output buffer.
        pub fn route(selector: u32, args: &mut $crate::Args) -> $crate::CallResult {
            use stylus_sdk::alloy_sol_types::SolCall as _;

            $(if selector == const { u32::from_be_bytes(<$call>::SELECTOR) } {
                $crate::contract!(@guard $kind);
                return $crate::entry::IntoCallResult::into_call_result($run(args));
            })*
            Err($crate::entry::unknown_selector(selector))
        }

        /// Where the host enters.
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
