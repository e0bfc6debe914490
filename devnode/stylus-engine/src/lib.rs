#![doc = include_str!("../README.md")]

mod activation;
mod check;
mod decompress;
mod error;
mod evm_api;
pub mod fees;
mod fragments;
mod host;
mod meter;
mod module;
mod page_ramp;
mod params;
mod profile;
pub mod program;
mod run;
mod version;
mod wasm;

pub use activation::{Activation, activate, profiled};
pub use error::{ActivationError, BuildError, Limit, ParseError, Signature};
pub use evm_api::{
    CreateRequest, EvmApi, EvmData, HostioCall, Pages, StoreError, SubcallKind, SubcallOutcome,
    SubcallRequest,
};
pub use module::Module;
pub use params::{Params, return_data_cost};
pub use profile::{Profile, ProfileNode};
pub use run::{Outcome, Status, run};
pub use version::StylusVersion;
