//! What an index can fail with.

use alloy::primitives::{Address, B256};
use muster_client::MarketError;

use crate::database_error::DatabaseError;
use crate::query_error::QueryError;

/// Why an index could not follow a market or answer. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A question has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The market, or the node.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The database was opened to read.
    #[error("this database was opened to read only: open it as the one that writes")]
    ReadOnly,
    /// The database has a market of the same address and chain id, which is another one.
    #[error(
        "the index has the market {dispatcher} as created in block {theirs}, and on this chain it was created in {ours}: the chain \
         was started anew, so choose another database, or delete this one"
    )]
    OtherMarket {
        /// The market's contract.
        dispatcher: Address,
        /// The hash of the block in the index.
        theirs: B256,
        /// The hash of the block on the chain.
        ours: B256,
    },
    /// The node does not have the block in which the market was created.
    #[error(
        "the node does not have block {0}, in which the market was created: use a node that keeps all blocks and logs"
    )]
    NoCreationBlock(u64),
    /// The chain changed while it was read.
    #[error("the chain was reorganized while it was read: the index reads it again")]
    ChainMoved,
    /// A reorg that the journal does not reach back to.
    #[error(
        "the index can go back to block {oldest} and no further, and {wanted} was asked for: it must be built again from the \
         market's creation"
    )]
    TooDeep {
        /// The oldest block whose state can be restored.
        oldest: u64,
        /// The block that was asked for.
        wanted: u64,
    },
    /// Blocks that do not continue what is there.
    #[error(
        "blocks from {from} on do not continue an index that has read up to {head}: read from the next block on"
    )]
    NotNext {
        /// The first of the blocks.
        from: u64,
        /// The last block of the index.
        head: u64,
    },
    /// An agreement without its terms.
    #[error("the terms of agreement {0} are missing: read them from its contract")]
    NoTerms(Address),
}

impl IndexError {
    /// Whether the same may work later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Database(error) => error.is_temporary(),
            Self::Market(_) | Self::ChainMoved | Self::NoCreationBlock(_) => true,
            _ => false,
        }
    }
}
