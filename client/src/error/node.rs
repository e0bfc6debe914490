//! Errors between this program and a node.

use std::error::Error;

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

/// What nodes say of too many requests, in lower case: each provider has words of its own.
const RATE_LIMIT_WORDS: [&str; 8] = [
    "429",
    "too many requests",
    "rate limit",
    "rate exceeded",
    "per second",
    "/second",
    "request limit",
    "request count exceeded",
];

/// JSON-RPC error codes, and a status of HTTP, that stand for too many requests whatever the words are.
const RATE_LIMIT_CODES: [i64; 2] = [429, -32_029];

impl NodeError {
    /// Whether the node answers if it is asked later, because it was asked too often.
    pub(crate) fn is_rate_limit(&self) -> bool {
        let (code, text) = match self {
            Self::Rpc { code, message } => (*code, message.to_string()),
            // The body of an answer with a status of HTTP.
            Self::NotANode { source, .. } => (0, source.to_string()),
            _ => return false,
        };
        let text = text.to_lowercase();
        RATE_LIMIT_CODES.contains(&code)
            || RATE_LIMIT_WORDS.iter().any(|words| text.contains(words))
    }
}

/// Why a backend has no answer.
#[derive(Debug)]
pub(crate) enum BackendError {
    /// The call reverted with this data.
    Reverted(Bytes),
    /// The node is the problem.
    Node(NodeError),
}

impl BackendError {
    /// See [`NodeError::is_rate_limit`].
    pub(crate) fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Node(error) if error.is_rate_limit())
    }
}
