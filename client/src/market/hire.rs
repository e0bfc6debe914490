//! Hiring: buying from workers of the client's choice.

use muster_protocol::abi::IWorkerDispatcher::{hireCall, quote_2Call as QuoteHire};
use muster_protocol::abi::{Order, Quote};

use super::Market;
use super::buy::{Purchase, required_price};
use crate::error::MarketError;

impl Market {
    /// The price of these workers for this order; or, in [`Quote::reason`], why they cannot be hired. The
    /// numbers must be in ascending order and as many as the order's redundancy; its `start` is ignored.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, order: muster_client::protocol::abi::Order)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let quote = market.quote_hire(&order, &[3, 8]).await?;
    /// println!("{:?}, {} wei", quote.reason, quote.price);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn quote_hire(&self, order: &Order, workers: &[u32]) -> Result<Quote, MarketError> {
        self.read_pending(&QuoteHire { order: *order, workers: workers.to_vec() }).await
    }

    /// Buys from exactly these workers, otherwise as [`Market::buy`].
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, order: muster_client::protocol::abi::Order)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let quote = market.quote_hire(&order, &[3, 8]).await?;
    /// let purchase = market.hire(&order, &[3, 8], quote.price).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Market::buy`].
    pub async fn hire(
        &self,
        order: &Order,
        workers: &[u32],
        at_most: u128,
    ) -> Result<Purchase, MarketError> {
        let required = required_price(&self.quote_hire(order, workers).await?, at_most)?;
        let call = hireCall { order: *order, workers: workers.to_vec() };
        self.bought(self.write(&call, required).await?)
    }
}
