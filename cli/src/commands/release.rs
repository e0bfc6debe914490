//! `muster release`: settles absent workers, and frees slots after the end.

use alloy::primitives::Address;
use clap::Args;
use muster_client::protocol::abi::IWorkerDispatcher::AbsentReleased;

use crate::context::Context;
use crate::error::CliError;
use crate::output::units::number_list;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster release`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster release 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:cleo"
)]
pub(crate) struct Options {
    /// Agreement that a worker accepted, after the time to accept; `muster agreement show` says what can be released
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Releases.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let release = agreement.release().await?;
    let absence = release.receipt.event::<AbsentReleased>(market.dispatcher());
    let (refund, absent) =
        absence.map_or_else(Default::default, |event| (event.refund, event.workers));
    let rows = absent
        .into_iter()
        .map(|worker| vec![Cell::address(worker.account), Cell::wei(worker.slash)]);
    let output = CommandOutput::new([
        ("agreement", Cell::address(options.agreement)),
        ("client", Cell::address(agreement.terms().header.client)),
        ("refund", Cell::wei(refund)),
        ("freed", Cell::text(number_list(release.freed.into()))),
    ]);
    let table = Table::new("absent_workers", ["account", "slash"], rows);
    context.print_transaction(output.table(table), &release.receipt)
}
