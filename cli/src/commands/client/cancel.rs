//! `muster client cancel`: the early end of an agreement.

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Agreement, CancelPreview, Ether};

use crate::clock::TickClock;
use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::ticks::{tick_cell, tick_text};
use crate::output::{Cell, CommandOutput, print_note};
use crate::parse;

/// Options of `muster client cancel`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client cancel 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:cleo --yes"
)]
pub(crate) struct Options {
    /// Agreement to end
    #[arg(value_parser = parse::contract_address, value_name = "ADDRESS")]
    agreement: Address,

    /// Cancel without asking
    #[arg(long)]
    yes: bool,
}

/// Shows what remains to be paid, asks on a terminal, and cancels.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let clock = context.clock(&market).await?;
    let (progress, tick) = (agreement.progress().await?, market.next_tick().await?);
    // Where nothing can be cancelled, the market says why.
    if let Some(preview) = CancelPreview::new(agreement.terms(), &progress, tick) {
        print_note(consequences(&agreement, &preview, &clock));
        if !confirm("cancel?", options.yes)? {
            return Err(CliError::Declined);
        }
    }
    let cancelled = agreement.cancel().await?;
    let fields = [
        ("agreement", Cell::address(options.agreement)),
        ("window_count", Cell::count(cancelled.windows)),
        ("end", tick_cell(&clock, cancelled.end)),
    ];
    context.print_transaction(CommandOutput::new(fields), &cancelled.receipt)
}

/// What the cancellation would cost, as one line.
fn consequences(agreement: &Agreement, preview: &CancelPreview, clock: &TickClock) -> String {
    let (windows, all) = (preview.windows, agreement.terms().header.windows);
    let (end, planned) = (tick_text(clock, preview.end), tick_text(clock, preview.planned_end));
    let (most, escrow) = (Ether::from(preview.most), Ether::from(agreement.escrow()));
    format!(
        "the agreement would end at {end} instead of {planned}; you pay at most {most} of {escrow}, for {windows} of {all} windows"
    )
}
