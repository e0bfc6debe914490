//! An embedded Arbitrum dev chain: EVM contracts and Stylus programs behind Ethereum's JSON-RPC, in
//! one process and without anything to install.
//!
//! ```no_run
//! # async fn example() -> Result<(), devnode::StartError> {
//! let node = devnode::Devnode::start(devnode::Config::any_port()).await?;
//! println!("listening on {}", node.url());
//! # Ok(())
//! # }
//! ```
//!
//! Requests come in through `rpc`, which asks the `chain`; the chain runs messages with `exec`, which
//! calls the `precompiles` and the crate `engine`; and all of them stand on `state`. What is exact,
//! what differs from Nitro and what is missing is listed in this crate's README.

mod accounts;
mod chain;
mod config;
mod exec;
mod node;
mod precompiles;
mod rpc;
mod state;

pub use accounts::{Account, DEV_ADDRESS, DEV_KEY};
pub use config::{Config, DEFAULT_PORT};
pub use node::{Devnode, NodeStopped, StartError};

/// The chain's id: that of every Nitro dev chain.
pub const CHAIN_ID: u64 = 412_346;
