//! The static checks of activation: what a module may be made of.
//!
//! - [`wasm`]: takes a module apart; the validator of wasm comes first.
//! - [`rules`]: names, counts, memory and entry point, before metering.
//! - [`link`]: imports, operators and segments against what programs have.
//! - [`fault`]: the refusals.

mod error;
mod link;
mod rules;
mod wasm;

pub(crate) use link::check as check_links;
pub(crate) use rules::{ENTRYPOINT, MEMORY, check as check_rules};
pub(crate) use wasm::Wasm;

pub use error::{BuildError, Limit, ParseError, Signature};
