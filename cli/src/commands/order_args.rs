//! What a client wants, from the command line to the market: the usual terms, an order, or workers of its
//! own choice.

use alloy::primitives::U256;
use clap::Args;
use muster_client::protocol::abi::{Order, Quote, Settings, Worker};
use muster_client::protocol::order;
use muster_client::{Application, Market, MarketError, OrderRequest, Purchase};

use crate::error::CliError;
use crate::parse::{self, HiredWorker};

/// What is wanted. Without any of the later options, the market's usual terms.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// Number of different workers, 1 to 8
    #[arg(long, value_name = "N", default_value_t = 1)]
    redundancy: u8,

    /// Hire this worker, and no others than those given like this
    #[arg(long, value_name = "NUMBER|ADDRESS", value_parser = parse::hired_worker, conflicts_with_all = ["redundancy", "start"])]
    worker: Vec<HiredWorker>,

    /// Length of the agreement; without it, the market's shortest
    #[arg(long, value_name = "TICKS")]
    length: Option<u32>,

    /// Kind of work: a name of up to 8 bytes; without it, that of the hired workers, or 0
    #[arg(long, value_name = "NAME")]
    application: Option<Application>,

    /// Windows that are judged one by one, 1 to 21
    #[arg(long, value_name = "N")]
    windows: Option<u8>,

    /// Testers of each window: 0, or odd from 3 to 15
    #[arg(long, value_name = "N")]
    testers: Option<u8>,

    /// Lowest score of a worker: basis points or a percentage
    #[arg(long, value_name = "SHARE", value_parser = parse::basis_points)]
    min_score: Option<u16>,

    /// Lowest promised uptime of a worker: basis points or a percentage
    #[arg(long, value_name = "SHARE", value_parser = parse::basis_points)]
    min_uptime: Option<u16>,

    /// Last tick in which to buy
    #[arg(long, value_name = "TICK")]
    expiry: Option<u64>,

    /// Number of the listed worker to begin with; without it, the cheapest
    #[arg(long, value_name = "NUMBER")]
    start: Option<u32>,
}

/// A wish in the market's terms.
#[derive(Debug)]
pub(crate) enum PurchasePlan {
    /// The cheapest workers that fit.
    Cheapest(OrderRequest),
    /// These workers, by number in ascending order.
    Hire(Order, Vec<u32>),
}

impl PurchasePlan {
    /// Ticks.
    pub(crate) fn length(&self) -> U256 {
        match self {
            Self::Cheapest(want) => want.length(),
            Self::Hire(order, _) => order.length,
        }
    }

    /// What it would cost now.
    pub(crate) async fn quote(&self, market: &Market) -> Result<Quote, MarketError> {
        match self {
            Self::Cheapest(want) => market.quote(want).await,
            Self::Hire(order, workers) => market.quote_hire(order, workers).await,
        }
    }

    /// Buys it, for at most this many wei.
    pub(crate) async fn buy(
        &self,
        market: &Market,
        at_most: u128,
    ) -> Result<Purchase, MarketError> {
        match self {
            Self::Cheapest(want) => market.buy(want, at_most).await,
            Self::Hire(order, workers) => market.hire(order, workers, at_most).await,
        }
    }
}

impl OrderArgs {
    /// As the market takes it: the usual terms, or an order with the usual terms in place of what was
    /// not chosen.
    pub(crate) async fn plan(&self, market: &Market) -> Result<PurchasePlan, CliError> {
        let length = self.length.unwrap_or(market.settings().minLength);
        if !self.worker.is_empty() {
            return self.hire_plan(market, length).await;
        }
        let redundancy = self.redundancy;
        Ok(PurchasePlan::Cheapest(if self.is_default() {
            OrderRequest::Default { redundancy, length }
        } else {
            OrderRequest::Custom(self.order(market, redundancy.into(), length).await?)
        }))
    }

    /// The workers of the client's choice.
    async fn hire_plan(&self, market: &Market, length: u32) -> Result<PurchasePlan, CliError> {
        let all = market.workers().await?;
        let hired = self.worker.iter().map(|hired| find_worker(&all, *hired));
        let hired = hired.collect::<Result<Vec<_>, _>>()?;
        let mut numbers: Vec<_> = hired.iter().map(|worker| worker.number).collect();
        numbers.sort_unstable();
        let mut order = self.order(market, numbers.len(), length).await?;
        if let (None, Some(first)) = (self.application, hired.first()) {
            order.application = first.application;
        }
        Ok(PurchasePlan::Hire(order, numbers))
    }

    /// The order with everything that was chosen.
    async fn order(
        &self,
        market: &Market,
        redundancy: usize,
        length: u32,
    ) -> Result<Order, CliError> {
        let settings: &Settings = market.settings();
        let listed = market.tester_count(market.epoch().await?).await?;
        let defaults =
            order::default_order(U256::from(redundancy), U256::from(length), settings, listed);
        // Orders without testers have one window.
        let windows = if self.testers == Some(0) { 1 } else { defaults.windows };
        Ok(Order {
            application: self.application.map_or(defaults.application, |application| application.0),
            windows: self.windows.unwrap_or(windows),
            testers: self.testers.unwrap_or(defaults.testers),
            minScore: self.min_score.unwrap_or(defaults.minScore),
            minUptime: self.min_uptime.unwrap_or(defaults.minUptime),
            expiry: self.expiry.unwrap_or(defaults.expiry),
            start: self.start.unwrap_or(defaults.start),
            ..defaults
        })
    }

    /// Whether nothing was chosen beyond redundancy and length.
    const fn is_default(&self) -> bool {
        self.application.is_none()
            && self.windows.is_none()
            && self.testers.is_none()
            && self.min_score.is_none()
            && self.min_uptime.is_none()
            && self.expiry.is_none()
            && self.start.is_none()
    }
}

/// A registered worker.
fn find_worker(all: &[Worker], hired: HiredWorker) -> Result<&Worker, CliError> {
    let (found, name) = match hired {
        HiredWorker::Number(number) => {
            (all.iter().find(|w| w.number == number), number.to_string())
        }
        HiredWorker::Account(account) => {
            (all.iter().find(|w| w.account == account), account.to_string())
        }
    };
    found.ok_or_else(|| CliError::NoWorker(name.into()))
}
