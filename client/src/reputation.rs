//! Reputation: what the market knows of a worker's past, as it stands now.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::{reputationCall, reputationReturn};
use muster_protocol::reputation::ReputationWeights;

use crate::error::MarketError;
use crate::market::Market;

/// What is known of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerReputation {
    /// Lower bound of the share of its work that is good, in basis points; 0 when nothing is known.
    pub score: u16,
    /// The weights behind the score, faded to the latest block.
    pub weights: ReputationWeights,
    /// Unix second in which they were last added to; 0 = never.
    pub updated: u64,
}

impl Market {
    /// What is known of a registered account.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotRegistered`; [`MarketError::Node`].
    pub async fn reputation(&self, account: Address) -> Result<WorkerReputation, MarketError> {
        let reputationReturn { score, good, bad, updated } =
            self.read(&reputationCall { account }).await?;
        let now = self.node().head().await?.timestamp;
        let weights = ReputationWeights { good, bad }.decayed(now.saturating_sub(updated));
        Ok(WorkerReputation { score, weights, updated })
    }
}
