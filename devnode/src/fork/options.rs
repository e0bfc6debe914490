//! Which chain to fork, and where.

use std::path::PathBuf;

use alloy::primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

/// Which chain to fork.
#[derive(Clone, Debug, Default)]
pub(crate) struct ForkOptions {
    /// URL of a node; `None` answers from the cache alone.
    pub(crate) url: Option<String>,
    /// Height of the last block that is taken over; `None` means the latest, or the only one in the
    /// cache.
    pub(crate) block: Option<u64>,
    /// Folder that keeps what was fetched.
    pub(crate) cache: Option<PathBuf>,
}

impl ForkOptions {
    /// Whether a fork is meant.
    pub(crate) const fn is_fork(&self) -> bool {
        self.url.is_some() || self.cache.is_some() || self.block.is_some()
    }
}

/// The last block that a fork takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(crate) struct ForkPoint {
    /// Id of the chain.
    pub(crate) chain_id: u64,
    /// Height of the block.
    pub(crate) height: u64,
    /// Hash of the block.
    pub(crate) hash: B256,
}
