//! `muster client quote`: the price of an order.

use clap::Args;
use muster_client::MarketError;
use muster_client::protocol::abi::{Quote, Reason};

use crate::commands::client::purchase_plan::PurchasePlan;
use crate::context::Context;
use crate::error::CliError;
use crate::options::order::OrderArgs;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster client quote`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster client quote --redundancy 2 --length 240 --testers 3")]
pub(crate) struct Options {
    /// The order.
    #[command(flatten)]
    order: OrderArgs,
}

/// Shows a price, and fails if the market would refuse the purchase.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let plan = PurchasePlan::new(&options.order, &market).await?;
    let Quote { reason, price, start, windows, testers, workers } = plan.quote(&market).await?;
    if reason != Reason::None {
        return Err(MarketError::PurchaseRefused { reason, required: price, sent: 0 }.into());
    }
    let fields = [
        ("price", Cell::wei(price)),
        ("length", Cell::text(plan.length())),
        ("windows", Cell::count(windows)),
        ("testers", Cell::count(testers)),
        ("start", Cell::count(start)),
    ];
    let rows = workers.into_iter().map(|worker| vec![Cell::text(worker)]);
    context.print(&CommandOutput::new(fields).table(Table::new("workers", ["account"], rows)))
}
