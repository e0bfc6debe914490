//! `muster worker relist`: back into the book.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker relist`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker relist dev:ada")]
pub(crate) struct Options {
    /// Worker: an address, or a dev account such as dev:alice [default: the account itself]
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    worker: Option<Address>,
}

/// Lists a worker, and shows the account's own entry.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let account = market.account()?;
    let receipt = market.list(options.worker.unwrap_or(account)).await?;
    let worker = market.worker(account).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
