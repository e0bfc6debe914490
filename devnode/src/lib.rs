#![doc = include_str!("../README.md")]

mod accounts;
mod chain;
#[cfg(feature = "cli")]
pub mod command;
mod config;
mod contracts;
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
pub use contracts::{
    AbiError, Address, CallError, Constructor, Contract, DeployError, InvalidAddress, Log, Receipt,
};
pub use error::{NodeStopped, StartError};
pub use network::Network;
pub use node::{Devnode, Snapshot};
pub use persistence::StateError;
pub use state::arbos_version::ArbosVersion;

/// The chain's id: that of every Nitro dev chain.
pub const CHAIN_ID: u64 = 412_346;
