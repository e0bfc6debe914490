//! `muster client cancel`: the early end of an agreement.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster client cancel`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster client cancel 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:cleo"
)]
pub(crate) struct Options {
    /// Agreement to end
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Cancels an agreement.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let agreement = context.signing_market().await?.agreement(options.agreement).await?;
    let cancelled = agreement.cancel().await?;
    let fields = [
        ("agreement", Cell::text(options.agreement)),
        ("windows", Cell::count(cancelled.windows)),
        ("end", Cell::Count(cancelled.end)),
    ];
    context.print_transaction(CommandOutput::new(fields), &cancelled.receipt)
}
