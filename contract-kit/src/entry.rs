//! From the host's call to a contract's routing table and back.

use muster_protocol::abi::IWorkerDispatcher::{NotPayable, Reentered, UnknownCall};

use crate::args::Args;
use crate::out::Put;
use crate::wire::{Refused, refuse};
use crate::{CAPACITY, host};

/// The result, or the reason to refuse, stands in the output buffer.
pub type Reply = Result<(), Refused>;

/// Writes the result of a call.
fn reply(result: &impl Put) {
    host::with_output(|out| {
        out.clear();
        result.put(out);
    });
}

/// What the function behind a call returns: a value, or a value unless it refuses.
pub trait Answer {
    /// Writes the value.
    ///
    /// # Errors
    /// The function's own refusal.
    fn answer(self) -> Reply;
}

impl<T: Put> Answer for T {
    fn answer(self) -> Reply {
        reply(&self);
        Ok(())
    }
}

impl<T: Put> Answer for Result<T, Refused> {
    fn answer(self) -> Reply {
        self.map(|value| reply(&value))
    }
}

/// Refuses a call that carries wei.
///
/// # Errors
/// `NotPayable`.
#[inline(never)]
pub fn unpaid() -> Reply {
    match host::value() {
        0 => Ok(()),
        value => Err(refuse(&NotPayable { value })),
    }
}

/// Refuses a call while the contract hands out money.
///
/// # Errors
/// `Reentered`.
#[inline(never)]
pub fn unlocked() -> Reply {
    if host::locked() { Err(refuse(&Reentered {})) } else { Ok(()) }
}

/// The refusal of a selector that is not in the table.
#[must_use]
pub fn unknown(selector: u32) -> Refused {
    refuse(&UnknownCall { selector: selector.to_be_bytes().into() })
}

/// Runs a call of `len` bytes through a routing table; returns 0 for a result and 1 for a refusal.
pub fn run(len: usize, route: impl FnOnce(u32, &mut Args) -> Reply) -> usize {
    host::begin();
    let reply = match host::input(len).map(<[u8]>::split_first_chunk) {
        Some(Some((selector, data))) => route(u32::from_be_bytes(*selector), &mut Args::new(data)),
        // No selector: a plain transfer.
        Some(None) => Err(unknown(0)),
        None => Err(crate::wire::malformed(u32::try_from(CAPACITY >> 5).unwrap_or(0))),
    };
    if reply.is_ok() {
        host::settle();
    }
    host::finish();
    usize::from(reply.is_err())
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
        pub fn route(selector: u32, args: &mut $crate::Args) -> $crate::Reply {
            use stylus_sdk::alloy_sol_types::SolCall as _;

            $(if selector == const { u32::from_be_bytes(<$call>::SELECTOR) } {
                $crate::contract!(@guard $kind);
                return $crate::entry::Answer::answer($run(args));
            })*
            Err($crate::entry::unknown(selector))
        }

        /// Where the host enters.
        #[cfg(target_arch = "wasm32")]
        #[expect(unsafe_code, reason = "the host calls this function by its name")]
        #[unsafe(no_mangle)]
        extern "C" fn user_entrypoint(len: usize) -> usize {
            $crate::entry::run(len, route)
        }
    };
    (@guard view) => { $crate::entry::unpaid()? };
    (@guard act) => { $crate::entry::unpaid()? };
    (@guard call) => {{ $crate::entry::unpaid()?; $crate::entry::unlocked()? }};
    (@guard pay) => { $crate::entry::unlocked()? };
}
