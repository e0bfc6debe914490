//! What the price of a quote consists of.

use futures::future::try_join_all;
use muster_client::protocol::abi::Quote;
use muster_client::protocol::money;
use muster_client::{Market, MarketError};

/// What a price consists of, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceParts {
    /// The price of the workers' time.
    pub work: u128,
    /// The fees of all seats of testers.
    pub fees: u128,
}

impl PriceParts {
    /// The parts of a quote for this length in ticks; `None` if a worker's price has changed since.
    ///
    /// # Errors
    /// Those of the market.
    pub async fn of(
        market: &Market,
        quote: &Quote,
        length: u32,
    ) -> Result<Option<Self>, MarketError> {
        let settings = market.settings();
        let workers = quote.workers.iter().map(|account| market.worker(*account));
        let workers = try_join_all(workers).await?;
        let window = length.checked_div(quote.windows.into()).unwrap_or(0);
        let seats = u128::from(quote.windows).saturating_mul(quote.testers.into());
        let mut parts = Self { work: 0, fees: 0 };
        for worker in &workers {
            let fee =
                money::fee(worker.price, window, settings.testerFeeBps, settings.minTesterFee);
            parts.work = parts.work.saturating_add(money::cost(worker.price, length));
            parts.fees = parts.fees.saturating_add(fee.saturating_mul(seats));
        }
        let is_whole = parts.work.checked_add(parts.fees) == Some(quote.price);
        Ok(is_whole.then_some(parts))
    }
}
