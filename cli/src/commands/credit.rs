//! `muster credit` and `muster withdraw`: money that waits in the market.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Whose credit.
#[derive(Debug, Args)]
pub(crate) struct CreditOptions {
    /// Address, or a dev account such as dev:alice; without it, the account itself
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    whose: Option<Address>,
}

/// To whom.
#[derive(Debug, Args)]
pub(crate) struct WithdrawOptions {
    /// Who gets it; without it, the account itself
    #[arg(long, value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    to: Option<Address>,
}

/// Shows a credit.
pub(crate) async fn credit(context: &Context, options: CreditOptions) -> Result<(), CliError> {
    let (market, account) = if let Some(account) = options.whose {
        (context.market().await?, account)
    } else {
        let market = context.signing_market().await?;
        let account = market.account()?;
        (market, account)
    };
    let credit = market.credit(account).await?;
    context.print(&CommandOutput::new([
        ("account", Cell::text(account)),
        ("credit", Cell::wei(credit)),
    ]))
}

/// Withdraws a credit.
pub(crate) async fn withdraw(context: &Context, options: WithdrawOptions) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let to = match options.to {
        Some(to) => to,
        None => market.account()?,
    };
    let withdrawal = market.withdraw(to).await?;
    let facts = [("to", Cell::text(withdrawal.to)), ("amount", Cell::wei(withdrawal.amount))];
    context.print_transaction(CommandOutput::new(facts), &withdrawal.receipt)
}
