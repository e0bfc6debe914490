//! Everything about Stylus programs that needs no EVM.
//!
//! - [`program`]: from the code of an account to wasm.
//! - [`activate`]: from wasm to a checked, metered and compiled [`Module`], with its prices.
//! - [`run()`]: one call of a module; the chain around it is a [`World`].
//! - [`Params`]: the settings of the chain, and the prices that follow from them.
//! - [`fees`]: what an activation costs in wei.
//!
//! Accounts, the EVM, precompiles and the records of activations belong to the chain that uses this
//! crate.
//!
//! Two things differ from Nitro, both on purpose. [`Activation::module_hash`] is a plain digest, not
//! that of a prover's machine. And code packed with the built-in dictionary (byte 1 after the prefix,
//! which no tool writes) is refused, because that dictionary is not part of this crate.

mod activation;
mod check;
mod evm_api;
pub mod fees;
mod host;
mod meter;
mod module;
mod page_ramp;
mod params;
pub mod program;
mod run;

pub use activation::{Activation, ActivationError, activate};
pub use check::{BuildError, Limit, ParseError, Signature};
pub use evm_api::{
    CreateRequest, EvmApi, EvmData, HostioCall, Pages, StoreError, SubcallKind, SubcallOutcome,
    SubcallRequest,
};
pub use module::Module;
pub use params::{Params, return_data_cost};
pub use run::{Outcome, Status, run};
