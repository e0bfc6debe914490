//! From the options of an order to a quote or a purchase.

use alloy::primitives::U256;
use futures::future::try_join_all;
use muster_client::protocol::abi::{Order, Quote, Settings};
use muster_client::protocol::order;
use muster_client::{Application, Market, MarketError, OrderRequest, Purchase};

use crate::error::CliError;
use crate::options::order::OrderArgs;

/// An order in the market's terms.
#[derive(Debug)]
pub(super) enum PurchasePlan {
    /// The cheapest workers that qualify.
    Cheapest(OrderRequest),
    /// These workers, by number in ascending order.
    Hire(Order, Vec<u32>),
}

impl PurchasePlan {
    /// Length in ticks.
    pub(super) fn length(&self) -> u32 {
        let length = match self {
            Self::Cheapest(request) => request.length(),
            Self::Hire(order, _) => order.length,
        };
        length.saturating_to()
    }

    /// The price and the workers of this moment.
    pub(super) async fn quote(&self, market: &Market) -> Result<Quote, MarketError> {
        match self {
            Self::Cheapest(request) => market.quote(request).await,
            Self::Hire(order, workers) => market.quote_hire(order, workers).await,
        }
    }

    /// Buys for at most this many wei.
    pub(super) async fn buy(
        &self,
        market: &Market,
        at_most: u128,
    ) -> Result<Purchase, MarketError> {
        match self {
            Self::Cheapest(request) => market.buy(request, at_most).await,
            Self::Hire(order, workers) => market.hire(order, workers, at_most).await,
        }
    }

    /// The plan for an order of this application: the market's default terms, or an order with defaults for all options that are not given.
    ///
    /// # Errors
    /// [`CliError::NoWorker`] for a worker to hire that is not registered, or those of the market.
    pub(super) async fn new(
        args: &OrderArgs,
        market: &Market,
        application: Option<Application>,
    ) -> Result<Self, CliError> {
        let length = match args.length {
            Some(length) => length.ticks(market).await?,
            None => market.settings().minLength,
        };
        if !args.worker.is_empty() {
            return Self::hire(args, market, length, application).await;
        }
        let redundancy = args.redundancy;
        Ok(Self::Cheapest(if args.is_default() {
            OrderRequest::Default { redundancy, length }
        } else {
            let redundancy = redundancy.into();
            OrderRequest::Custom(order(args, market, redundancy, length, application).await?)
        }))
    }

    /// The plan for named workers.
    async fn hire(
        args: &OrderArgs,
        market: &Market,
        length: u32,
        application: Option<Application>,
    ) -> Result<Self, CliError> {
        let hired = try_join_all(args.worker.iter().map(|hired| hired.find(market))).await?;
        let mut numbers: Vec<_> = hired.iter().map(|worker| worker.number).collect();
        numbers.sort_unstable();
        let mut order = order(args, market, numbers.len(), length, application).await?;
        if let (None, Some(first)) = (application, hired.first()) {
            order.application = first.application;
        }
        Ok(Self::Hire(order, numbers))
    }
}

/// The order with everything that was given.
async fn order(
    args: &OrderArgs,
    market: &Market,
    redundancy: usize,
    length: u32,
    application: Option<Application>,
) -> Result<Order, CliError> {
    let settings: &Settings = market.settings();
    let listed = market.tester_count(market.epoch().await?).await?;
    let defaults =
        order::default_order(U256::from(redundancy), U256::from(length), settings, listed);
    // Orders without testers have one window.
    let windows = if args.testers == Some(0) { 1 } else { defaults.windows };
    let expiry = match args.expiry {
        Some(moment) => moment.tick(market).await?,
        None => defaults.expiry,
    };
    Ok(Order {
        application: application.map_or(defaults.application, |application| application.0),
        windows: args.windows.unwrap_or(windows),
        testers: args.testers.unwrap_or(defaults.testers),
        minScore: args.min_score.unwrap_or(defaults.minScore),
        minUptime: args.min_uptime.unwrap_or(defaults.minUptime),
        expiry,
        start: args.start.unwrap_or(defaults.start),
        ..defaults
    })
}
