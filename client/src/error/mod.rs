//! Errors, sorted by what the caller can do next, and their texts.
//!
//! A backend reports [`BackendError`]; with the [`Contract`] that was called it becomes the public
//! [`MarketError`], whose texts for reverts are in [`refusal_text`].

mod contract;
mod market;
mod node;
pub(crate) mod refusal_text;
mod revert;

pub(crate) use contract::{Contract, lookup_error};
pub use market::MarketError;
pub(crate) use node::BackendError;
pub use node::{BoxError, NodeError};
pub use revert::RevertReason;
