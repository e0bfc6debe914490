//! `muster withdraw`: the account's credit as ether.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster withdraw`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster withdraw --account dev:ada --to dev:zed"
)]
pub(crate) struct Options {
    /// Receiver: an address, or a dev account such as dev:alice [default: the account itself]
    #[arg(long, value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    to: Option<Address>,
}

/// Withdraws a credit.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let to = match options.to {
        Some(to) => to,
        None => market.account()?,
    };
    let withdrawal = market.withdraw(to).await?;
    let fields = [("to", Cell::address(withdrawal.to)), ("amount", Cell::wei(withdrawal.amount))];
    context.print_transaction(CommandOutput::new(fields), &withdrawal.receipt)
}
