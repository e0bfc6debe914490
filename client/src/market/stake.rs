//! Adding to a stake, and taking from it.

use muster_protocol::abi::IWorkerDispatcher::{stakeCall, unstakeCall};

use super::Market;
use crate::backend::Receipt;
use crate::error::MarketError;

impl Market {
    /// Adds `amount` wei to this account's stake.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// market.stake(1_000_000_000_000_000_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `NotRegistered` or `StakeTooHigh` among the
    /// reasons.
    pub async fn stake(&self, amount: u128) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(None).await?;
        self.write(&stakeCall { hint }, amount).await
    }

    /// Moves `amount` wei of this account's free stake to its credit, from where [`Market::withdraw`] takes it.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let worker = market.worker(market.account()?).await?;
    /// market.unstake(worker.stake - worker.locked).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `StakeTooLow` or, for a tester,
    /// `StillListed` among the reasons.
    pub async fn unstake(&self, amount: u128) -> Result<Receipt, MarketError> {
        self.write(&unstakeCall { amount }, 0).await
    }
}
