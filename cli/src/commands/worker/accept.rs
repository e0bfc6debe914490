//! `muster worker accept`: the acceptance of an agreement.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster worker accept`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster worker accept 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:ada"
)]
pub(crate) struct Options {
    /// Agreement to accept
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Accepts.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let receipt = agreement.accept().await?;
    let progress = agreement.progress().await?;
    let fields = [
        ("agreement", Cell::address(agreement.address())),
        ("worker", Cell::address(market.account()?)),
        ("start", Cell::Count(progress.start())),
        ("end", Cell::Count(agreement.times(&progress).end())),
    ];
    context.print_transaction(CommandOutput::new(fields), &receipt)
}
