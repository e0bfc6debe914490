#![doc = include_str!("../README.md")]

mod accounts;
mod chain;
#[cfg(feature = "cli")]
pub mod command;
mod config;
mod error;
mod exec;
mod network;
mod node;
mod persistence;
mod precompiles;
mod provider;
mod rpc;
mod state;

pub use accounts::{Account, DEFAULT_MNEMONIC, DEV_ADDRESS, DEV_KEY};
pub use chain::TransactionOrder;
pub use config::{Config, DEFAULT_PORT};
pub use error::{NodeStopped, StartError};
pub use network::Network;
pub use node::Devnode;
pub use persistence::StateError;
pub use state::arbos_version::ArbosVersion;

/// The chain's id: that of every Nitro dev chain.
pub const CHAIN_ID: u64 = 412_346;
