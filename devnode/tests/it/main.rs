//! The dev chain as its clients see it: over HTTP and WebSocket, with alloy and with bare requests.

mod blocks;
mod calls;
mod compare;
mod depth;
mod estimates;
mod events;
mod malformed;
mod precompiles;
mod programs;
mod replay;
mod start;
mod support;
mod time;
mod transactions;
mod vectors;
