#![doc = include_str!("../README.md")]

mod accounts;
mod chain;
#[cfg(feature = "cli")]
pub mod command;
mod config;
mod contracts;
mod deadline;
mod error;
mod exec;
mod fork;
mod network;
mod node;
mod persistence;
mod precompiles;
mod provider;
mod restored;
mod rpc;
mod state;
pub mod testing;
mod ticker;
mod unlogged;

pub use accounts::{Account, DEFAULT_MNEMONIC, DEV_ADDRESS, DEV_KEY};
pub use chain::TransactionOrder;
pub use config::{Config, DEFAULT_PORT};
pub use contracts::{
    AbiError, Address, CallError, Constructor, Contract, DeployError, InvalidAddress, Log, Receipt,
};
pub use error::{ChangeError, NodeStopped, StartError};
pub use network::Network;
pub use node::{Devnode, Snapshot};
pub use persistence::StateError;
pub use state::arbos_version::ArbosVersion;

/// Makes a test of a function: starts a chain of its own and passes what the function asks for.
///
/// Its arguments, in any order, may be `&Devnode` (the chain), `[Account; N]` (the first accounts of the
/// mnemonic) and `Contract` (the program of the package, built by cargo once for all tests, and
/// deployed). An `async fn` runs on a Tokio runtime; a plain one runs outside of it and may block, for
/// example on a client of [`Devnode::url`].
///
/// If the test fails, its output has a tree of the calls of each transaction and `eth_call` since the
/// deployment, and what contracts print.
///
/// Options: `config = EXPRESSION` configures the chain; `constructor = EXPRESSION` is the
/// [`Constructor`] of the program; `features = EXPRESSION` are the cargo features that it is built
/// with, such as `"debug"`; `wasm = EXPRESSION` is the file of a program in place of the package's.
///
/// ```no_run
/// use stylus_devnode::{Account, Constructor, Contract, Devnode};
///
/// #[stylus_devnode::test(constructor = Constructor::new("constructor(uint256)", &[&5]).unwrap())]
/// async fn it_counts(chain: &Devnode, counter: Contract, [alice]: [Account; 1]) {
///     let before = chain.snapshot().await.unwrap();
///     counter.send(&alice, "increment()", &[]).await.unwrap();
///     assert_eq!(counter.call("number()(uint256)", &[]).await.unwrap(), ["6"]);
///     chain.revert(before).await.unwrap();
/// }
/// ```
pub use stylus_devnode_macros::test;

/// The chain's id: that of every Nitro dev chain.
pub const CHAIN_ID: u64 = 412_346;
