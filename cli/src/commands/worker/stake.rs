//! `muster worker stake`: more stake.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker stake`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker stake 0.1eth --account dev:ada")]
pub(crate) struct Options {
    /// Amount, such as 0.1eth
    #[arg(value_parser = parse::wei)]
    amount: u128,
}

/// Adds to the stake.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.stake(options.amount).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
