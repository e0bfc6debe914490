//! `muster ledger`: who paid, who received what and why, what it cost in gas, and whether everything balances.

use alloy::primitives::Address;
use clap::Args;

use crate::commands::ledger::accounts::Ledger;
use crate::context::Context;
use crate::error::CliError;
use crate::parse;

mod accounts;
mod steps;
mod worker_audit;

/// Options of `muster ledger`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster ledger 0x8ba1f109551bD432803012645Ac136ddd64DBA72")]
pub(crate) struct Options {
    /// Settled agreements
    #[arg(required = true, value_name = "AGREEMENT", value_parser = parse::contract_address)]
    agreements: Vec<Address>,
}

/// Prints the ledger.
///
/// # Errors
/// [`CliError::NotSettled`], or [`CliError::LedgerUnbalanced`] after the ledger is printed.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let history = market.history(0, market.node().head().await?.number).await?;
    let mut ledger = Ledger::new();
    for address in options.agreements {
        ledger.add_agreement(&market.agreement(address).await?, &history).await?;
    }
    context.print(&ledger.output(&market, &history).await?)?;
    if ledger.is_balanced() { Ok(()) } else { Err(CliError::LedgerUnbalanced) }
}
