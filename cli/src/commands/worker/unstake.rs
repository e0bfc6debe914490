//! `muster worker unstake`: free stake as credit.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker unstake`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker unstake 0.1eth --account dev:ada")]
pub(crate) struct Options {
    /// Amount, such as 0.1eth
    #[arg(value_parser = parse::wei)]
    amount: u128,
}

/// Moves free stake to the credit.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.unstake(options.amount).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
