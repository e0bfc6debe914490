//! `muster tester seats`: where the account has a seat.

use alloy::primitives::Address;
use clap::Args;
use muster_client::holds_seat;

use crate::context::Context;
use crate::error::CliError;
use crate::output::ticks::tick_cell;
use crate::output::units::number_list;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster tester seats`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster tester seats 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom"
)]
pub(crate) struct Options {
    /// Agreement with the seats
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Shows seats.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let (account, clock) = (market.account()?, &context.clock(&market).await?);
    let seats = agreement.seats(account).await?;
    let progress = agreement.progress().await?;
    let rows =
        agreement.windows(&progress).into_iter().filter(|(window, _)| holds_seat(seats, *window));
    let rows = rows.map(|(window, ticks)| {
        vec![Cell::count(window), tick_cell(clock, ticks.start), tick_cell(clock, ticks.end)]
    });
    let fields = [
        ("agreement", Cell::address(options.agreement)),
        ("account", Cell::address(account)),
        ("place", Cell::count(agreement.place(account).await?)),
        ("windows_held", Cell::text(number_list(seats))),
        ("tick", tick_cell(clock, market.now().await?)),
    ];
    context.print(&CommandOutput::new(fields).table(Table::new(
        "seats",
        ["window", "from", "until"],
        rows,
    )))
}
