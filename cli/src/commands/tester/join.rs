//! `muster tester join`: a new tester.

use alloy::primitives::B256;
use clap::Args;
use muster_client::message_key;

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster tester join`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster tester join --account dev:tom"
)]
pub(crate) struct Options {
    /// Stake [default: the market's tester bond]
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Key for messages [default: the account's own]
    #[arg(long, value_name = "KEY", value_parser = parse::message_key)]
    message_key: Option<B256>,
}

/// Registers a tester.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let stake = options.stake.unwrap_or(market.settings().testerBond);
    let key = match options.message_key {
        Some(key) => key,
        None => message_key(&context.signer(market.node().chain_id())?),
    };
    let registered = market.register_tester(key, stake).await?;
    let fields = [
        ("account", Cell::address(market.account()?)),
        ("number", Cell::count(registered.number)),
        ("stake", Cell::wei(stake)),
    ];
    context.print_transaction(CommandOutput::new(fields), &registered.receipt)
}
