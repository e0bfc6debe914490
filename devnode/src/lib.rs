#![doc = include_str!("../README.md")]

mod accounts;
mod chain;
mod config;
mod exec;
mod persistence;
mod node;
mod precompiles;
mod provider;
mod rpc;
mod state;

pub use accounts::{Account, DEV_ADDRESS, DEV_KEY};
pub use config::{Config, DEFAULT_PORT};
pub use persistence::StateError;
pub use node::{Devnode, NodeStopped, StartError};

/// The chain's id: that of every Nitro dev chain.
pub const CHAIN_ID: u64 = 412_346;
