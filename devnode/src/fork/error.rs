//! Why a fork cannot be opened or read.

use std::{io, path::PathBuf};

use alloy::{
    primitives::{Address, B256},
    rpc::json_rpc::ErrorPayload,
};

/// The reasons.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForkError {
    /// The URL is not one.
    #[error(
        "the fork's URL {0:?} is not a URL of HTTP: expected one such as https://arb1.example/rpc"
    )]
    Url(String),
    /// A block is named, and no chain.
    #[error("a fork at block {0} of which chain? Name it with --fork-url or --fork-cache")]
    NoChain(u64),
    /// The client of HTTP cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The node does not answer.
    #[error("the forked node {node} does not answer {method}: {why}; check --fork-url")]
    Unreachable {
        /// The node, without what may be secret in its URL.
        node: String,
        /// Name of the method.
        method: &'static str,
        /// The reason.
        why: String,
    },
    /// The node rejects a request.
    #[error(
        "the forked node {node} rejects {method}: {}; if it no longer has this block's state, use an \
         archive node or a later --fork-block",
        error.message
    )]
    Rejected {
        /// The node.
        node: String,
        /// Name of the method.
        method: &'static str,
        /// The error.
        error: ErrorPayload,
    },
    /// An answer has another form than expected.
    #[error("the forked node's answer to {method} is malformed: {why}")]
    Malformed {
        /// Name of the method.
        method: &'static str,
        /// The reason.
        why: serde_json::Error,
    },
    /// The block does not exist yet.
    #[error("the forked chain has no block {height}: its latest is {latest}")]
    NoSuchBlock {
        /// The height.
        height: u64,
        /// Height of the latest block.
        latest: u64,
    },
    /// The node has no such block any more.
    #[error("the forked node has no block {0}: use an archive node or a later --fork-block")]
    BlockGone(u64),
    /// The block's fields do not give its hash.
    #[error("the header of block {0} does not have the hash that the forked node tells")]
    BlockHash(u64),
    /// The chain is not an Arbitrum chain.
    #[error(
        "chain {chain_id} is not an Arbitrum chain: it has no ArbSys in block {height}; fork a chain of \
         Arbitrum Nitro or a dev chain"
    )]
    NotArbitrum {
        /// Id of the chain.
        chain_id: u64,
        /// Height of the block.
        height: u64,
    },
    /// The chain has a version of ArbOS that cannot be run.
    #[error("block {height} has ArbOS {version}: only 51, 60 and 61 can be forked")]
    Arbos {
        /// Height of the block.
        height: u64,
        /// The version.
        version: u8,
    },
    /// The node is of another chain.
    #[error("the node is of chain {have}, but the fork is of chain {want}")]
    OtherChain {
        /// Id of the node's chain.
        have: u64,
        /// Id of the fork's chain.
        want: u64,
    },
    /// The node has another block at the height of the fork.
    #[error(
        "the node's block {height} is not {hash}: the chain was reorganised or is another one; name \
         another --fork-block or an empty --fork-cache"
    )]
    OtherBlock {
        /// The height.
        height: u64,
        /// Hash of the fork's block.
        hash: B256,
    },
    /// An account has a malformed delegation.
    #[error("the delegation of account {0} is malformed")]
    Delegation(Address),
    /// There is no node, and the cache lacks an answer.
    #[error(
        "the fork's cache lacks {method} {params}, and there is no node: start with --fork-url"
    )]
    Offline {
        /// Name of the method.
        method: &'static str,
        /// Its parameters.
        params: String,
    },
    /// The cache has no fork, or not the one that was asked for.
    #[error("{}: the cache has {found}; name another --fork-block, or --fork-url to fetch it", folder.display())]
    NotCached {
        /// The folder.
        folder: PathBuf,
        /// What is there.
        found: String,
    },
    /// The cache cannot be read or written.
    #[error("the fork's cache {}: {why}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        why: io::Error,
    },
    /// A line of the cache is damaged.
    #[error("the fork's cache {}, line {line}, is damaged: delete the file", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: usize,
    },
}
