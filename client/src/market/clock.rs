//! The market's time: ticks and tester epochs.

use std::time::Duration;

use alloy::primitives::B256;
use muster_protocol::abi::Clock;
use muster_protocol::abi::IWorkerDispatcher::createdAtCall;
use tokio::time::sleep;

use super::Market;
use crate::backend::Head;
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
        Ok(self.tick_at(&self.node().head().await?))
    }

    /// [`Market::now`] by a block that was the latest at most so long ago, if this connection has read one since; only
    /// otherwise is a node asked. On a clock of seconds the tick is the current one all the same, as far as this machine's
    /// clock is right.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let tick = market.now_within(std::time::Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn now_within(&self, max_age: Duration) -> Result<u64, MarketError> {
        Ok(self.tick_at(&self.node().chain().head_within(max_age).await?))
    }

    /// The current tick, if this is the latest block.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let tick = market.tick_at(&market.node().head().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn tick_at(&self, head: &Head) -> u64 {
        if self.settings().clock == Clock::Second {
            self.node().chain().time(head)
        } else {
            head.number
        }
    }

    /// The tick in which the next transaction will be, if this is the latest block.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let tick = market.next_tick_at(&market.node().head().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn next_tick_at(&self, head: &Head) -> u64 {
        let now = self.tick_at(head);
        match self.settings().clock {
            Clock::Second => now,
            _ => now.saturating_add(1),
        }
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
        Ok(self.next_tick_at(&self.node().head().await?))
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
        Ok(self.epoch_of(self.next_tick().await?))
    }

    /// The tester epoch that a tick belongs to.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let epoch = market.epoch_of(market.next_tick().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn epoch_of(&self, tick: u64) -> u32 {
        let epoch = tick.checked_div(self.settings().epochLength.into()).unwrap_or_default();
        u32::try_from(epoch).unwrap_or(u32::MAX)
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
