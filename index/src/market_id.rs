//! Which market: in the index, and on its chain.

use alloy::primitives::{Address, B256};
use muster_client::protocol::abi::Settings;

/// The oldest state that can be restored is that so many blocks before the latest one: about seventeen minutes on Arbitrum One.
pub const REORG_DEPTH: u64 = 4_096;

/// A market in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarketId(pub(crate) i64);

/// What tells a market from all others, and its constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketIdentity {
    /// The chain's id.
    pub chain: u64,
    /// The market's contract.
    pub dispatcher: Address,
    /// The block in which it was created.
    pub created: u64,
    /// The hash of that block: two chains can have the same id and a market at the same address, but not this.
    pub created_hash: B256,
    /// The constants of its deployment.
    pub settings: Settings,
}
