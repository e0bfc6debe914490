//! `muster worker available`: whether the worker takes new agreements.

use clap::{Args, ValueEnum};

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;

/// Options of `muster worker available`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker available no --account dev:ada")]
pub(crate) struct Options {
    /// Whether the worker takes new agreements
    available: YesNo,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum YesNo {
    /// Yes
    Yes,
    /// No
    No,
}

/// Starts or stops taking new agreements.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.set_available(options.available == YesNo::Yes).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
