//! Contracts from Rust, without a client library: deployment, calls and transactions, with values as text.

mod abi;
mod address;
mod code;
mod contract;
mod deploy;
mod error;
mod requests;

pub(crate) use abi::display;
pub use address::{Address, InvalidAddress};
pub use contract::{Contract, Log, Receipt};
pub use deploy::Constructor;
pub(crate) use deploy::deploy;
pub use error::{AbiError, CallError, DeployError};
pub(crate) use requests::Requests;
