//! Reputation: the market's record of a worker's past, decayed to the latest block.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::{reputationCall, reputationReturn};
use muster_protocol::reputation::ReputationWeights;

use super::Market;
use crate::error::MarketError;

/// The reputation of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerReputation {
    /// The lower bound of the share of its work that is good, in basis points; 0 when nothing is known.
    pub score: u16,
    /// The weights behind the score, decayed to the latest block.
    pub weights: ReputationWeights,
    /// The Unix second of the last addition; 0 = never.
    pub updated: u64,
}

impl Market {
    /// The reputation of a registered account.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let reputation = market.reputation(market.account()?).await?;
    /// println!("{} basis points", reputation.score);
    /// # Ok(())
    /// # }
    /// ```
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
