//! Reverts, events and outgoing calls.

use muster_protocol::abi::IWorkerDispatcher::MalformedCall;
use stylus_sdk::alloy_primitives::B256;

use crate::host;
use crate::output::{AbiEncode, OutputBuffer};

/// The error of a call that reverts. It is empty: the revert data is in the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverted;

impl Reverted {
    /// The selector of the error, for a caller that does not pass it on. Call it before anything else is
    /// encoded.
    #[must_use]
    pub fn selector(self) -> [u8; 4] {
        host::with_output(|out| out.bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// An error of an interface that can be encoded as revert data. `abi_tables` implements it.
pub trait RevertReason {
    /// Appends selector and fields.
    fn write(&self, out: &mut OutputBuffer);
}

/// An event of an interface that can be emitted. `abi_tables` implements it.
pub trait ContractEvent {
    /// Number of topics, with the signature hash.
    const TOPICS: usize;
    /// Appends topics, then data.
    fn write(&self, out: &mut OutputBuffer);
}

/// Encodes `error` as revert data. Return the result as `Err`.
#[inline(never)]
pub fn revert<E: RevertReason>(error: &E) -> Reverted {
    host::with_output(|out| {
        out.clear();
        error.write(out);
    });
    Reverted
}

/// Emits an event.
#[inline(never)]
pub fn emit<E: ContractEvent>(event: &E) {
    host::with_output(|out| {
        out.clear();
        event.write(out);
        host::log(out.bytes(), E::TOPICS);
    });
}

/// Emits an event from its topics and its data: for events with arrays.
pub fn emit_parts(topics: &[B256], data: &impl AbiEncode) {
    host::with_output(|out| {
        out.clear();
        for topic in topics {
            out.push_bytes(&topic.0);
        }
        data.encode(out);
        host::log(out.bytes(), topics.len());
    });
}

/// Encodes the calldata of an outgoing call and runs `send` on it. `send` must not encode anything.
pub fn with_calldata<R>(
    selector: [u8; 4],
    args: &impl AbiEncode,
    send: impl FnOnce(&[u8]) -> R,
) -> R {
    host::with_output(|out| {
        out.clear();
        out.push_bytes(&selector);
        args.encode(out);
        send(out.bytes())
    })
}

/// Reverts with `MalformedCall(uint32)`, which both interfaces have.
#[inline(never)]
pub(crate) fn malformed_call(word: u32) -> Reverted {
    revert(&MalformedCall { word })
}
