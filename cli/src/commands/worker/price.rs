//! `muster worker price`: another price.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker price`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker price 20gwei --account dev:ada")]
pub(crate) struct Options {
    /// Price of a tick, such as 20gwei
    #[arg(value_parser = parse::wei)]
    price: u128,
}

/// Changes the price.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.set_price(options.price).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
