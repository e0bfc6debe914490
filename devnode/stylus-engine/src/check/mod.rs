//! Static checks of activation.
//!
//! - [`rules`]: names, counts, memory and entry point, before metering.
//! - [`link`]: imports, operators and segments.

mod link;
mod rules;

pub(crate) use link::check as check_links;
pub(crate) use rules::check as check_rules;
