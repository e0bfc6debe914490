//! `muster worker resign`: the end of a worker's part in an agreement.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster worker resign`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster worker resign 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:ada"
)]
pub(crate) struct Options {
    /// Agreement to leave
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Resigns.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let resigned = market.agreement(options.agreement).await?.resign().await?;
    let fields = [
        ("agreement", Cell::text(options.agreement)),
        ("worker", Cell::text(market.account()?)),
        ("judged_until", Cell::Count(resigned.tick)),
    ];
    context.print_transaction(CommandOutput::new(fields), &resigned.receipt)
}
