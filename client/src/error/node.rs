//! Errors between this program and a node.

use std::error::Error;
use std::time::Duration;

use alloy::primitives::Bytes;

/// An error of another library, kept as the source.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What is wrong between this program and a node. URLs are reduced to scheme, host and port, because the rest
/// often holds a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The connection failed, or the answer took too long. Temporary.
    #[error("no node answers at {url}: check that it runs and that the URL is right")]
    Unreachable {
        /// The node's URL.
        url: Box<str>,
        /// The error of the connection.
        source: BoxError,
    },
    /// The answer is not Ethereum JSON-RPC.
    #[error("what answers at {url} is no Ethereum node: check the URL")]
    NotANode {
        /// The node's URL.
        url: Box<str>,
        /// What is wrong with the answer.
        source: BoxError,
    },
    /// The node answered with a JSON-RPC error other than a revert.
    #[error("the node refused ({code}): {message}")]
    Rpc {
        /// The JSON-RPC error code.
        code: i64,
        /// The node's message.
        message: Box<str>,
    },
    /// The node answers no more requests for now, because there were too many. Temporary.
    #[error(
        "the node refused, because it was asked too often: {message}: try again later, or use a node that allows more"
    )]
    RateLimited {
        /// The node's message.
        message: Box<str>,
        /// The pause that it asks for, if it names one.
        retry_after: Option<Duration>,
    },
    /// The node, or the transaction, belongs to another chain.
    #[error("{what} belongs to chain {found}, and this is about chain {expected}: check the URLs")]
    WrongChain {
        /// The node's URL, or the transaction.
        what: Box<str>,
        /// The expected chain id.
        expected: u64,
        /// The chain id that it has.
        found: u64,
    },
    /// Signing failed, or there is no key.
    #[error("the transaction could not be signed")]
    Signing(#[source] BoxError),
}

/// Why a backend has no answer.
#[derive(Debug)]
pub(crate) enum BackendError {
    /// The call reverted with this data.
    Reverted(Bytes),
    /// The node is the problem.
    Node(NodeError),
}
