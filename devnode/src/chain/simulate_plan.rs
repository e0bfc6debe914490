//! Heights and timestamps of simulated blocks.

use alloy::{consensus::Header, primitives::U256, rpc::types::simulate::SimBlock};

use super::ChainError;

/// Maximum blocks of a simulation, gaps included.
const MAX_BLOCKS: u64 = 256;

/// Seconds between blocks whose time is not given.
const TIME_INCREMENT: u64 = 12;

/// Why a simulation is rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulationError {
    /// There is nothing to simulate.
    #[error("empty input")]
    Empty,
    /// There are too many blocks.
    #[error("too many blocks")]
    TooManyBlocks,
    /// A block is not above the one before.
    #[error("block numbers must be in order: {height} <= {previous}")]
    Height {
        /// Height of the block.
        height: U256,
        /// Height of the one before.
        previous: u64,
    },
    /// A block is not later than the one before.
    #[error("block timestamps must be in order: {timestamp} <= {previous}")]
    Timestamp {
        /// Timestamp of the block.
        timestamp: u64,
        /// Timestamp of the one before.
        previous: u64,
    },
    /// A call has more gas than its block has left.
    #[error("block gas limit reached: {used} >= {limit}")]
    BlockGasLimit {
        /// Gas used in the block.
        used: u64,
        /// Gas limit of the block.
        limit: u64,
    },
    /// A call may not run.
    #[error("err: {why} (supplied gas {gas})")]
    Call {
        /// The reason.
        why: Box<ChainError>,
        /// Gas of the call.
        gas: u64,
    },
}

/// A block to simulate.
#[derive(Debug)]
pub(super) struct BlockPlan<'a> {
    /// Its height.
    pub(super) height: u64,
    /// Its unix second.
    pub(super) timestamp: u64,
    /// Its calls and overrides; `None` for a block that only fills a gap.
    pub(super) block: Option<&'a SimBlock>,
}

/// The blocks to simulate on top of `parent`, with empty ones in the gaps.
///
/// # Errors
/// If the blocks are not in order, or if there are none or too many.
pub(super) fn plan_blocks<'a>(
    blocks: &'a [SimBlock],
    parent: &Header,
) -> Result<Vec<BlockPlan<'a>>, SimulationError> {
    if blocks.is_empty() {
        return Err(SimulationError::Empty);
    }
    let (mut height, mut timestamp) = (parent.number, parent.timestamp);
    let mut plans = Vec::new();
    for block in blocks {
        let overrides = block.block_overrides.as_ref();
        let next = U256::from(height.saturating_add(1));
        let target = overrides.and_then(|overrides| overrides.number).unwrap_or(next);
        if target <= U256::from(height) {
            return Err(SimulationError::Height { height: target, previous: height });
        }
        if target > U256::from(parent.number.saturating_add(MAX_BLOCKS)) {
            return Err(SimulationError::TooManyBlocks);
        }
        while U256::from(height.saturating_add(1)) < target {
            (height, timestamp) = following(height, timestamp);
            plans.push(BlockPlan { height, timestamp, block: None });
        }
        let (next_height, next_timestamp) = following(height, timestamp);
        let own = overrides.and_then(|overrides| overrides.time).unwrap_or(next_timestamp);
        if own <= timestamp {
            return Err(SimulationError::Timestamp { timestamp: own, previous: timestamp });
        }
        (height, timestamp) = (next_height, own);
        plans.push(BlockPlan { height, timestamp, block: Some(block) });
    }
    Ok(plans)
}

/// Height and timestamp of the block after one with these.
const fn following(height: u64, timestamp: u64) -> (u64, u64) {
    (height.saturating_add(1), timestamp.saturating_add(TIME_INCREMENT))
}
