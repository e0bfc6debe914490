//! `muster worker key`: another key for messages.

use alloy::primitives::B256;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker key`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster worker key 4f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa"
)]
pub(crate) struct Options {
    /// X-only secp256k1 key, 64 hexadecimal digits, as `muster key show` prints it
    #[arg(value_name = "KEY", value_parser = parse::message_key)]
    message_key: B256,
}

/// Changes the key.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let receipt = market.set_key(options.message_key).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(worker_output(&worker, &context.clock(&market).await?), &receipt)
}
