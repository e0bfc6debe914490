//! `muster settle`: the settlement of an agreement.

use alloy::primitives::Address;
use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::agreement::{paid_testers, paid_workers};
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Options of `muster settle`.
#[derive(Debug, Args)]
#[command(
    long_about = "Settle an agreement that is due, and pay everybody; any account may\n\nAn agreement is due when the time to report after its \
        end is over, or when nobody accepted it in time. Workers get the pay for the share that testers measured and the rest of their \
        bonds, testers their fees, and the client what is left. It can be done once; whoever does it pays the gas, and gets nothing.",
    after_help = "Example:\n  muster settle 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:vic"
)]
pub(crate) struct Options {
    /// Agreement to settle
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Settles an agreement.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let settlement = agreement.settle().await?;
    let fields = [
        ("agreement", Cell::address(agreement.address())),
        ("client", Cell::address(agreement.terms().header.client)),
        ("refund", Cell::wei(settlement.refund)),
        ("compensation", Cell::wei(settlement.compensation)),
        ("burned", Cell::wei(settlement.burned)),
    ];
    let output = CommandOutput::new(fields)
        .table(paid_workers(&settlement.workers))
        .table(paid_testers(&settlement.testers));
    context.print_transaction(output, &settlement.receipt)
}
