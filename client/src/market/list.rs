//! Putting workers back into their books.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::listCall;

use super::Market;
use crate::backend::Receipt;
use crate::error::MarketError;

impl Market {
    /// Lists a worker that fits in its book. Any account may.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// market.list(market.account()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `NotListable` or `NotRegistered` among the
    /// reasons.
    pub async fn list(&self, worker: Address) -> Result<Receipt, MarketError> {
        let hint = self.hint_for(worker, None).await?;
        self.write(&listCall { worker, hint }, 0).await
    }
}
