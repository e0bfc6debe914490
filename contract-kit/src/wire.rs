//! How refusals, events and outgoing calls are written.

use muster_protocol::abi::IWorkerDispatcher::MalformedCall;
use stylus_sdk::alloy_primitives::B256;

use crate::host;
use crate::output::{AbiEncode, OutputBuffer};

/// A call was refused; the reason stands in the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reverted;

/// An error of an interface.
pub trait RevertReason {
    /// Appends selector and fields.
    fn write(&self, out: &mut OutputBuffer);
}

/// An event of an interface.
pub trait ContractEvent {
    /// How many topics it has, its own hash included.
    const TOPICS: usize;
    /// Appends topics, then data.
    fn write(&self, out: &mut OutputBuffer);
}

/// Writes the refusal.
#[inline(never)]
pub fn revert<E: RevertReason>(error: &E) -> Reverted {
    host::with_output(|out| {
        out.clear();
        error.write(out);
    });
    Reverted
}

/// Records an event.
#[inline(never)]
pub fn emit<E: ContractEvent>(event: &E) {
    host::with_output(|out| {
        out.clear();
        event.write(out);
        host::log(out.bytes(), E::TOPICS);
    });
}

/// Records an event by its parts: its topics, which are words, and its data.
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

/// Writes a call and runs `send` on it.
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

/// `MalformedCall(uint32)`, which every interface has.
#[inline(never)]
pub(crate) fn malformed_call(word: u32) -> Reverted {
    revert(&MalformedCall { word })
}
