//! `muster worker register`: a new worker.

use alloy::primitives::B256;
use clap::Args;
use muster_client::message_key;

use crate::context::Context;
use crate::error::CliError;
use crate::options::application::ApplicationArg;
use crate::options::heading;
use crate::options::offer::{OfferArgs, total_bonds};
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker register`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster worker register --account dev:ada --price 20gwei --capacity 2"
)]
pub(crate) struct Options {
    /// The offer.
    #[command(flatten)]
    offer: OfferArgs,

    /// Application: a name of up to 8 bytes, or its document; 0 is what `client buy` buys by default
    #[arg(long, value_name = "NAME|FILE|URL", default_value = "0")]
    application: ApplicationArg,

    /// Stake [default: the bonds of --capacity agreements of --max-length]
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Key for messages [default: the account's own]
    #[arg(long, value_name = "KEY", value_parser = parse::message_key)]
    message_key: Option<B256>,
}

/// Registers a worker.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let application = options.application.resolve().await?.application;
    let market = context.signing_market().await?;
    let offer = options.offer.offer(&market).await?;
    let stake = options.stake.unwrap_or_else(|| total_bonds(&offer, market.settings()));
    let key = match options.message_key {
        Some(key) => key,
        None => message_key(&context.signer(market.node().chain_id())?),
    };
    let registered = market.register(application, &offer, key, stake).await?;
    let worker = market.worker(market.account()?).await?;
    context.print_transaction(
        worker_output(&worker, &context.clock(&market).await?),
        &registered.receipt,
    )
}
