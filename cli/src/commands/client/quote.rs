//! `muster client quote`: the price of an order.

use clap::Args;
use muster_client::MarketError;
use muster_client::protocol::abi::Reason;
use muster_daemons::client::PriceParts;

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
    let plan = options.order.terms(&market, application).await?.plan(&market).await?;
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
