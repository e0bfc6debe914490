//! How refusals, events and outgoing calls are written.

use muster_protocol::abi::IWorkerDispatcher::MalformedCall;
use stylus_sdk::alloy_primitives::B256;

use crate::host;
use crate::out::{Out, Put};

/// A call was refused; the reason stands in the output buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// An error of an interface.
pub trait Refusal {
    /// Appends selector and fields.
    fn write(&self, out: &mut Out);
}

/// An event of an interface.
pub trait Event {
    /// How many topics it has, its own hash included.
    const TOPICS: usize;
    /// Appends topics, then data.
    fn write(&self, out: &mut Out);
}

/// Writes the refusal.
#[inline(never)]
pub fn refuse<E: Refusal>(error: &E) -> Refused {
    host::with_output(|out| {
        out.clear();
        error.write(out);
    });
    Refused
}

/// Records an event.
#[inline(never)]
pub fn emit<E: Event>(event: &E) {
    host::with_output(|out| {
        out.clear();
        event.write(out);
        host::log(out.bytes(), E::TOPICS);
    });
}

/// Records an event by its parts: its topics, which are words, and its data.
pub fn emit_parts(topics: &[B256], data: &impl Put) {
    host::with_output(|out| {
        out.clear();
        for topic in topics {
            out.raw(&topic.0);
        }
        data.put(out);
        host::log(out.bytes(), topics.len());
    });
}

/// Writes a call and runs `send` on it.
pub fn with_call<R>(selector: [u8; 4], args: &impl Put, send: impl FnOnce(&[u8]) -> R) -> R {
    host::with_output(|out| {
        out.clear();
        out.raw(&selector);
        args.put(out);
        send(out.bytes())
    })
}

/// `MalformedCall(uint32)`, which every interface has.
#[inline(never)]
pub(crate) fn malformed(word: u32) -> Refused {
    refuse(&MalformedCall { word })
}
