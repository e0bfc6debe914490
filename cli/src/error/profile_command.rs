//! Errors of `muster gas-profile`.

use std::io;

use alloy::primitives::{Address, B256};

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileCommandError {
    /// A node without the profiler.
    #[error(
        "the node cannot profile programs, it answered {0:?}: run `muster devnode`, and the transaction there"
    )]
    NoProfiler(Box<str>),
    /// A transaction that is in no block.
    #[error("no block has the transaction {0}: check the hash, and that --rpc names its chain")]
    NoTransaction(B256),
    /// A request that the node refuses.
    #[error("the node cannot profile this: {0}")]
    Refused(Box<str>),
    /// A request without an answer.
    #[error("the node did not answer to {0}: check that it still runs")]
    Unanswered(&'static str),
    /// An answer that is none.
    #[error("the node's answer to {method} is not understood: {source}")]
    Answer {
        /// The method.
        method: &'static str,
        /// The cause.
        source: serde_json::Error,
    },
    /// A program that did not run.
    #[error(
        "no program ran at {address}; {}: give one of these to --wasm (what runs behind a proxy is its implementation)",
        ran_text(ran)
    )]
    NotRun {
        /// The address.
        address: Address,
        /// Programs that ran.
        ran: Vec<Address>,
    },
    /// A flame graph that cannot be drawn.
    #[error("cannot draw the flame graph: {0}")]
    FlameGraph(io::Error),
}

/// Which programs ran.
fn ran_text(ran: &[Address]) -> String {
    if ran.is_empty() {
        return "no program ran at all".to_owned();
    }
    let ran: Vec<_> = ran.iter().map(Address::to_string).collect();
    format!("programs ran at {}", ran.join(", "))
}
