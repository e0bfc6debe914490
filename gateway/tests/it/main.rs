//! The gateway over real sockets, as clients and services see it.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, in its helpers too"
)]

mod auth;
mod bodies;
#[path = "../../../tls/tests/certificate/mod.rs"]
mod certificate;
mod framing;
mod hostile;
mod logs;
mod proxying;
mod receipts;
mod service;
mod shutdown;
mod supervisor;
mod support;
mod tls;
mod websocket;
