#![doc = include_str!("../README.md")]

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
