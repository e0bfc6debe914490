//! `muster tester check-in`: a place in the lists of testers.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster tester check-in`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster tester check-in --account dev:tom")]
pub(crate) struct Options {}

/// Checks in.
pub(super) async fn run(context: &Context, Options {}: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let done = market.check_in().await?;
    let places = done.places.iter();
    let rows = places.map(|(epoch, place)| vec![Cell::count(*epoch), Cell::count(*place)]);
    let output = CommandOutput::new([("account", Cell::address(market.account()?))])
        .table(Table::new("lists", ["epoch", "place"], rows));
    context.print_transaction(output, &done.receipt)
}
