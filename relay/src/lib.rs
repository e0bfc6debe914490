#![doc = include_str!("../README.md")]

mod auth;
mod connection;
mod connection_limit;
mod error;
mod hub;
mod limits;
mod policy;
mod server;
mod socket;
mod store;

pub use crate::error::RelayError;
pub use crate::limits::Limits;
pub use crate::server::{Relay, RelayConfig};
pub use muster_tls::{TlsError, TlsServer};
pub use nostr::types::RelayUrl;
