//! Static checks of activation.
//!
//! - [`wasm`]: validates a module and splits it into sections.
//! - [`rules`]: names, counts, memory and entry point, before metering.
//! - [`link`]: imports, operators and segments.
//! - [`error`]: the reasons for a rejection.

mod error;
mod link;
mod rules;
mod wasm;

pub(crate) use link::check as check_links;
pub(crate) use rules::{ENTRYPOINT, MEMORY, check as check_rules};
pub(crate) use wasm::Wasm;

pub use error::{BuildError, Limit, ParseError, Signature};
