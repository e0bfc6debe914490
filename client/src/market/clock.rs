//! The market's time: ticks and tester epochs.

use std::time::Duration;

use alloy::primitives::B256;
use muster_protocol::abi::Clock;
use muster_protocol::abi::IWorkerDispatcher::{createdAtCall, epochCall};
use tokio::time::sleep;

use super::Market;
use crate::error::MarketError;

/// The time between two looks at the clock.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

impl Market {
    /// The current tick: the chain's Unix second, or the number of the latest block. On a clock of blocks,
    /// the next transaction is one tick later.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let in_an_hour = market.now().await? + 3_600;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn now(&self) -> Result<u64, MarketError> {
        let head = self.node().head().await?;
        Ok(if self.settings().clock == Clock::Second {
            self.node().chain().time(&head)
        } else {
            head.number
        })
    }

    /// The earliest tick that the next transaction can be in.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let tick = market.next_tick().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn next_tick(&self) -> Result<u64, MarketError> {
        let now = self.now().await?;
        Ok(match self.settings().clock {
            Clock::Second => now,
            _ => now.saturating_add(1),
        })
    }

    /// The current tester epoch, as the next transaction will find it.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let listed = market.tester_count(market.epoch().await?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn epoch(&self) -> Result<u32, MarketError> {
        self.read_pending(&epochCall {}).await
    }

    /// The L2 block in which the market was created: no event of it is older.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let block = market.created_at().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn created_at(&self) -> Result<u64, MarketError> {
        self.created_at.get_or_try_init(|| self.read(&createdAtCall {})).await.copied()
    }

    /// The hash of the block in which the market was created; `None` if the node does not have that block. Two chains can
    /// have the same id and a market at the same address, but not this.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let hash = market.creation_hash().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn creation_hash(&self) -> Result<Option<B256>, MarketError> {
        self.node().chain().block_hash(self.created_at().await?).await
    }

    /// Waits until the market's clock shows `tick`. There is no timeout: on a clock of blocks, this takes
    /// as long as others take to make them. Can be cancelled at any time.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// market.wait_until(market.now().await? + 60).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn wait_until(&self, tick: u64) -> Result<(), MarketError> {
        while self.now().await? < tick {
            sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }
}
