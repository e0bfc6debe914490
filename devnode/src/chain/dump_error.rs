//! Why a dump cannot be loaded.

use super::TransactionDecodeError;
use crate::fork::{ForkError, ForkPoint};

/// Version of the format of dumps.
pub(super) const DUMP_VERSION: u8 = 3;

/// Why bytes cannot be loaded as a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DumpError {
    /// The magic bytes are missing.
    #[error("not a dev chain state")]
    NotADump,
    /// The format has another version.
    #[error("unsupported version {0}; this program reads version {DUMP_VERSION}")]
    UnsupportedVersion(u8),
    /// The checksum is wrong, or the bytes are truncated.
    #[error("corrupted: checksum mismatch")]
    Corrupted,
    /// The content is not valid RLP of a dump.
    #[error("corrupted: {0}")]
    Rlp(#[from] alloy::rlp::Error),
    /// A transaction cannot be decoded.
    #[error("corrupted: a transaction cannot be decoded: {0}")]
    Transaction(#[from] TransactionDecodeError),
    /// A block does not follow its predecessor.
    #[error("corrupted: block {0} does not follow its predecessor")]
    BrokenLink(u64),
    /// A block has a version of ArbOS that this chain cannot run.
    #[error(
        "block {0} has a version of ArbOS that this program does not know; use a later program"
    )]
    UnknownArbos(u64),
    /// The dump is of a fork, and none was named.
    #[error(
        "it is of a fork of chain {} at block {}: name that fork with --fork-url or --fork-cache",
        .0.chain_id, .0.height
    )]
    NeedsFork(ForkPoint),
    /// A fork was named, but the dump is of none.
    #[error(
        "it is not of a fork: name another state file, or leave out --fork-url and --fork-cache"
    )]
    NotOfFork,
    /// A fork was named, but the dump is of another one.
    #[error("it is not of a fork of chain {} at block {}: name another state file", .0.chain_id, .0.height)]
    OtherFork(ForkPoint),
    /// The fork cannot be opened.
    #[error("{0}")]
    Fork(String),
}

impl From<ForkError> for DumpError {
    fn from(error: ForkError) -> Self {
        Self::Fork(error.to_string())
    }
}
