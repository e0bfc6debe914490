//! A relay as its clients see it, honest ones and hostile ones.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test ends at the first value that it does not expect"
)]

#[path = "../../../tls/tests/certificate/mod.rs"]
mod certificate;
mod harness;
mod hostile;
mod protocol;
mod tls;
