//! `muster credit`: what an account can withdraw.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster credit`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster credit dev:ada")]
pub(crate) struct Options {
    /// Account: an address, or a dev account such as dev:alice [default: the account itself]
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    whose: Option<Address>,
}

/// Shows a credit.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (market, account) = if let Some(account) = options.whose {
        (context.market().await?, account)
    } else {
        let market = context.signing_market().await?;
        let account = market.account()?;
        (market, account)
    };
    let credit = market.credit(account).await?;
    context.print(&CommandOutput::new([
        ("account", Cell::address(account)),
        ("credit", Cell::wei(credit)),
    ]))
}
