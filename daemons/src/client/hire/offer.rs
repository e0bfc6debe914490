//! What is bought for jobs.

use alloy::primitives::U256;
use muster_client::protocol::abi::{Order, Reason};
use muster_client::protocol::order;
use muster_client::{Application, Market, MarketError, Purchase};

use super::candidates::Candidates;
use super::error::HireError;
use super::request::{HireRequest, REPLICAS};
use crate::context::DaemonContext;

/// An agreement for jobs that could be bought now.
#[derive(Clone, Debug)]
pub struct HireOffer {
    /// The order.
    pub order: Order,
    /// The numbers of the workers.
    pub workers: Vec<u32>,
    /// The price at this moment.
    pub price: u128,
    /// Whether only one worker takes such jobs, though nobody has asked for one alone: nobody is there to compare it with.
    pub is_alone: bool,
}

impl HireOffer {
    /// That of the cheapest workers that say that they take such jobs. Without a number of workers, there are two, or one if
    /// there is no other.
    ///
    /// # Errors
    /// [`HireError::NoRelay`], [`HireError::TooFewForSale`], [`HireError::TooFewWorkersFit`]; those of the market.
    pub async fn choose(context: &DaemonContext, request: &HireRequest) -> Result<Self, HireError> {
        let (market, limits) = (context.market(), &request.limits);
        let named = request.workers.max(request.replicas);
        let mut order = job_order(market, request, named.unwrap_or(REPLICAS)).await?;
        let candidates = Candidates::ask(context, &order).await?;
        if candidates.are_silent() && !context.transport().is_connected() {
            return Err(HireError::NoRelay);
        }
        let mut workers = candidates.fitting(limits);
        let mut wanted: usize = named.unwrap_or(REPLICAS).into();
        let is_alone = workers.len() == 1 && named.is_none();
        if is_alone {
            (order, wanted) = (job_order(market, request, 1).await?, 1);
        }
        if workers.len() < wanted {
            return Err(candidates.too_few(wanted, limits));
        }
        workers.truncate(wanted);
        workers.sort_unstable();
        let quote = market.quote_hire(&order, &workers).await?;
        match quote.reason {
            Reason::None => Ok(Self { order, workers, price: quote.price, is_alone }),
            reason => {
                let (required, sent) = (quote.price, 0);
                Err(MarketError::PurchaseRefused { reason, required, sent }.into())
            }
        }
    }

    /// Buys it, if it still costs no more.
    ///
    /// # Errors
    /// Those of the market.
    pub async fn buy(&self, market: &Market) -> Result<Purchase, MarketError> {
        market.hire(&self.order, &self.workers, self.price).await
    }
}

/// An order of workers that run jobs.
async fn job_order(
    market: &Market,
    request: &HireRequest,
    workers: u8,
) -> Result<Order, MarketError> {
    let settings = market.settings();
    let listed = market.tester_count(market.epoch().await?).await?;
    let length = market.agreement_length(request.length)?;
    let defaults = order::default_order(U256::from(workers), U256::from(length), settings, listed);
    // Orders without testers have one window.
    let windows = if request.testers == Some(0) { 1 } else { defaults.windows };
    let testers = request.testers.unwrap_or(defaults.testers);
    Ok(Order { application: Application::WASM1.0, windows, testers, ..defaults })
}
