//! `muster client quote`: the price of an order.

use clap::Args;
use futures::future::try_join_all;
use muster_client::protocol::abi::{Quote, Reason};
use muster_client::protocol::money;
use muster_client::{Market, MarketError};

use crate::commands::client::purchase_plan::PurchasePlan;
use crate::context::Context;
use crate::error::CliError;
use crate::options::order::OrderArgs;
use crate::output::ticks::length_cell;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster client quote`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster client quote --redundancy 2 --length 4m --testers 3")]
pub(crate) struct Options {
    /// The order.
    #[command(flatten)]
    order: OrderArgs,
}

/// Shows a price, and fails if the market would refuse the purchase.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let named = options.order.named_application().await?;
    let application = named.map(|named| named.application);
    let plan = PurchasePlan::new(&options.order, &market, application).await?;
    let quote = plan.quote(&market).await?;
    let (reason, price) = (quote.reason, quote.price);
    if reason != Reason::None {
        return Err(MarketError::PurchaseRefused { reason, required: price, sent: 0 }.into());
    }
    let clock = context.clock(&market).await?;
    let parts = PriceParts::of(&market, &quote, plan.length()).await?;
    let part = |part: fn(&PriceParts) -> u128| {
        parts.as_ref().map_or(Cell::None, |parts| Cell::wei(part(parts)))
    };
    let fields = [
        ("price", Cell::wei(price)),
        ("work", part(|parts| parts.work)),
        ("tester_fees", part(|parts| parts.fees)),
        ("length", length_cell(&clock, plan.length())),
        ("window_count", Cell::count(quote.windows)),
        ("tester_count", Cell::count(quote.testers)),
        ("start", Cell::count(quote.start)),
    ];
    let rows = quote.workers.into_iter().map(|worker| vec![Cell::address(worker)]);
    context.print(&CommandOutput::new(fields).table(Table::new("workers", ["account"], rows)))
}

/// What a price consists of, in wei.
struct PriceParts {
    /// The price of the workers' time.
    work: u128,
    /// The fees of all seats of testers.
    fees: u128,
}

impl PriceParts {
    /// The parts of a quote for this length; `None` if a worker's price has changed since.
    async fn of(market: &Market, quote: &Quote, length: u32) -> Result<Option<Self>, CliError> {
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
