//! `muster client`: asking for a price, buying, and using what was bought.

use alloy::primitives::U256;
use clap::{Args, Subcommand};
use client::terms::abi::{Order, Quote, Reason, Settings};
use client::terms::order;
use client::{Application, Market, MarketError, Want};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Page, Rows};
use crate::parse;
use crate::service::Asker;

/// What a client does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show what it would cost, and who would do it
    Quote(Wish),
    /// Buy it
    Buy(Buy),
    /// Use a worker's service once: the prime factors of a random number, from `muster serve`
    Try {
        /// Where the worker serves
        #[arg(long)]
        url: String,
        /// How long to wait for an answer
        #[arg(long, value_name = "MS", default_value_t = 2_000)]
        timeout: u64,
    },
}

/// What is wanted. Without any of the later options, the market's usual terms.
#[derive(Debug, Args)]
pub(crate) struct Wish {
    /// Number of different workers, 1 to 8
    #[arg(long, value_name = "N", default_value_t = 1)]
    redundancy: u8,

    /// Length of the agreement; without it, the market's shortest
    #[arg(long, value_name = "TICKS")]
    length: Option<u32>,

    /// Kind of work: a name of up to 8 bytes
    #[arg(long, value_name = "NAME")]
    application: Option<Application>,

    /// Windows that are judged one by one, 1 to 21
    #[arg(long, value_name = "N")]
    windows: Option<u8>,

    /// Testers of each window: 0, or odd from 3 to 15
    #[arg(long, value_name = "N")]
    testers: Option<u8>,

    /// Lowest score of a worker
    #[arg(long, value_name = "SCORE")]
    min_score: Option<u16>,

    /// Lowest promised uptime of a worker: basis points or a percentage
    #[arg(long, value_name = "SHARE", value_parser = parse::share)]
    min_uptime: Option<u16>,

    /// Last tick in which to buy
    #[arg(long, value_name = "TICK")]
    expiry: Option<u64>,

    /// Number of the listed worker to begin with; without it, the cheapest
    #[arg(long, value_name = "NUMBER")]
    start: Option<u32>,
}

/// What to buy, and for how much.
#[derive(Debug, Args)]
pub(crate) struct Buy {
    /// What is wanted
    #[command(flatten)]
    wish: Wish,

    /// The most to pay; without it, the price of this moment
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    at_most: Option<u128>,
}

/// Quotes or buys.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    match action {
        Action::Quote(wish) => quote(context, &wish).await,
        Action::Buy(options) => buy(context, &options).await,
        Action::Try { url, timeout } => try_out(context, &url, timeout).await,
    }
}

/// Shows a price; fails if it cannot be bought.
async fn quote(context: &Context, wish: &Wish) -> Result<(), CliError> {
    let market = context.market().await?;
    let want = wish.want(&market).await?;
    let Quote { reason, price, start, windows, testers, workers } = market.quote(&want).await?;
    if reason != Reason::None {
        let refused = MarketError::PurchaseRefused { reason, required: price, sent: 0 };
        return Err(refused.into());
    }
    let facts = [
        ("price", Cell::wei(price)),
        ("length", Cell::text(want.length())),
        ("windows", Cell::count(windows)),
        ("testers", Cell::count(testers)),
        ("start", Cell::count(start)),
    ];
    let rows = workers.into_iter().map(|worker| vec![Cell::text(worker)]);
    context.print(&Page::new(facts).table(Rows::new("workers", ["account"], rows)))
}

/// Buys.
async fn buy(context: &Context, options: &Buy) -> Result<(), CliError> {
    let market = context.market_to_sign().await?;
    let want = options.wish.want(&market).await?;
    let at_most = match options.at_most {
        Some(most) => most,
        None => market.quote(&want).await?.price,
    };
    let purchase = market.buy(&want, at_most).await?;
    let agreement = market.agreement(purchase.agreement).await?;
    let facts = [
        ("agreement", Cell::text(purchase.agreement)),
        ("escrow", Cell::wei(purchase.escrow)),
        ("accept_until", Cell::Count(agreement.times(0).last_accept())),
    ];
    let rows = purchase.workers.iter().map(|worker| vec![Cell::text(worker)]);
    let page = Page::new(facts).table(Rows::new("workers", ["account"], rows));
    context.print_transaction(page, &purchase.receipt)
}

/// Uses a service.
async fn try_out(context: &Context, url: &str, timeout: u64) -> Result<(), CliError> {
    let answer = Asker::new(timeout)?.factor(url).await;
    let answer = answer.map_err(|failure| CliError::Service { url: url.into(), failure })?;
    let rows = answer.factors.iter().map(|factor| vec![Cell::Count(*factor)]);
    let page = Page::new([("url", Cell::text(url)), ("number", Cell::Count(answer.n))]);
    context.print(&page.table(Rows::new("factors", ["factor"], rows)))
}

impl Wish {
    /// As the market takes it: the usual terms, or an order with the usual terms in place of what was
    /// not chosen.
    async fn want(&self, market: &Market) -> Result<Want, CliError> {
        let settings: &Settings = market.settings();
        let length = self.length.unwrap_or(settings.minLength);
        let redundancy = self.redundancy;
        if self.is_usual() {
            return Ok(Want::Usual { redundancy, length });
        }
        let listed = market.tester_count(market.epoch().await?).await?;
        let usual = order::usual(U256::from(redundancy), U256::from(length), settings, listed);
        // Orders without testers have one window.
        let windows = if self.testers == Some(0) { 1 } else { usual.windows };
        Ok(Want::Order(Order {
            application: self.application.map_or(usual.application, |application| application.0),
            windows: self.windows.unwrap_or(windows),
            testers: self.testers.unwrap_or(usual.testers),
            minScore: self.min_score.unwrap_or(usual.minScore),
            minUptime: self.min_uptime.unwrap_or(usual.minUptime),
            expiry: self.expiry.unwrap_or(usual.expiry),
            start: self.start.unwrap_or(usual.start),
            ..usual
        }))
    }

    /// Whether nothing was chosen beyond redundancy and length.
    const fn is_usual(&self) -> bool {
        self.application.is_none()
            && self.windows.is_none()
            && self.testers.is_none()
            && self.min_score.is_none()
            && self.min_uptime.is_none()
            && self.expiry.is_none()
            && self.start.is_none()
    }
}
