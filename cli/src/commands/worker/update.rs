//! `muster worker update`: another offer.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::options::offer::OfferArgs;
use crate::output::worker::worker_output;

/// Options of `muster worker update`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster worker update --price 20gwei --capacity 2 --account dev:ada"
)]
pub(crate) struct Options {
    /// The offer.
    #[command(flatten)]
    offer: OfferArgs,
}

/// Changes the whole offer.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.update(&options.offer.offer(&market).await?).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
