//! From the terms of an order to a quote or a purchase.

use alloy::primitives::U256;
use muster_client::protocol::abi::{Order, Quote};
use muster_client::protocol::order;
use muster_client::{Application, Market, MarketError, OrderRequest, Purchase};

/// What a client says of an order. Without anything but redundancy and length, the market's default terms apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderTerms {
    /// How many different workers do the work. It counts only without `workers`.
    pub redundancy: u8,
    /// The numbers of the workers to hire; without any, the cheapest that qualify.
    pub workers: Vec<u32>,
    /// The length in ticks; without it, the market's shortest.
    pub length: Option<u32>,
    /// The application; without it, that of the first worker to hire, else 0.
    pub application: Option<Application>,
    /// The number of windows.
    pub windows: Option<u8>,
    /// The testers of each window.
    pub testers: Option<u8>,
    /// The lowest score of a worker, in basis points.
    pub min_score: Option<u16>,
    /// The lowest uptime that a worker promises, in basis points.
    pub min_uptime: Option<u16>,
    /// The last tick in which the purchase is valid.
    pub expiry: Option<u64>,
    /// The number of the listed worker to start from.
    pub start: Option<u32>,
}

/// An order in the market's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurchasePlan {
    /// The cheapest workers that qualify.
    Cheapest(OrderRequest),
    /// These workers, by number in ascending order.
    Hire(Order, Vec<u32>),
}

impl OrderTerms {
    /// Whether the market's default terms apply.
    const fn is_default(&self) -> bool {
        self.application.is_none()
            && self.windows.is_none()
            && self.testers.is_none()
            && self.min_score.is_none()
            && self.min_uptime.is_none()
            && self.expiry.is_none()
            && self.start.is_none()
    }

    /// The plan for these terms: the market's default ones, or an order with defaults for all that is not given.
    ///
    /// # Errors
    /// [`MarketError::LengthOutOfRange`], or those of the market.
    pub async fn plan(&self, market: &Market) -> Result<PurchasePlan, MarketError> {
        let length = market.agreement_length(self.length)?;
        if !self.workers.is_empty() {
            return self.hire(market, length).await;
        }
        let redundancy = self.redundancy;
        Ok(PurchasePlan::Cheapest(if self.is_default() {
            OrderRequest::Default { redundancy, length }
        } else {
            OrderRequest::Custom(self.order(market, redundancy.into(), length).await?)
        }))
    }

    /// The plan for named workers.
    async fn hire(&self, market: &Market, length: u32) -> Result<PurchasePlan, MarketError> {
        let mut numbers = self.workers.clone();
        numbers.sort_unstable();
        let mut order = self.order(market, numbers.len(), length).await?;
        if let (None, Some(first)) = (self.application, self.workers.first())
            && let Some(worker) = market.worker_by_number(*first).await?
        {
            order.application = worker.application;
        }
        Ok(PurchasePlan::Hire(order, numbers))
    }

    /// The order with everything that was given.
    async fn order(
        &self,
        market: &Market,
        redundancy: usize,
        length: u32,
    ) -> Result<Order, MarketError> {
        let settings = market.settings();
        let listed = market.tester_count(market.epoch().await?).await?;
        let defaults =
            order::default_order(U256::from(redundancy), U256::from(length), settings, listed);
        // Orders without testers have one window.
        let windows = if self.testers == Some(0) { 1 } else { defaults.windows };
        Ok(Order {
            application: self.application.map_or(defaults.application, |named| named.0),
            windows: self.windows.unwrap_or(windows),
            testers: self.testers.unwrap_or(defaults.testers),
            minScore: self.min_score.unwrap_or(defaults.minScore),
            minUptime: self.min_uptime.unwrap_or(defaults.minUptime),
            expiry: self.expiry.unwrap_or(defaults.expiry),
            start: self.start.unwrap_or(defaults.start),
            ..defaults
        })
    }
}

impl PurchasePlan {
    /// Length in ticks.
    #[must_use]
    pub fn length(&self) -> u32 {
        let length = match self {
            Self::Cheapest(request) => request.length(),
            Self::Hire(order, _) => order.length,
        };
        length.saturating_to()
    }

    /// The price and the workers of this moment.
    ///
    /// # Errors
    /// Those of the market. That it would refuse is no error: the quote says so.
    pub async fn quote(&self, market: &Market) -> Result<Quote, MarketError> {
        match self {
            Self::Cheapest(request) => market.quote(request).await,
            Self::Hire(order, workers) => market.quote_hire(order, workers).await,
        }
    }

    /// Buys for at most this many wei.
    ///
    /// # Errors
    /// As [`Market::buy`].
    pub async fn buy(&self, market: &Market, at_most: u128) -> Result<Purchase, MarketError> {
        match self {
            Self::Cheapest(request) => market.buy(request, at_most).await,
            Self::Hire(order, workers) => market.hire(order, workers, at_most).await,
        }
    }
}
