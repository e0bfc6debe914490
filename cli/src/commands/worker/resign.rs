//! `muster worker resign`: the end of a worker's part in an agreement.

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Agreement, Ether, ResignPreview};

use crate::confirm::confirm;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::ticks::tick_cell;
use crate::output::{Cell, CommandOutput, print_note};
use crate::parse;

/// Options of `muster worker resign`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster worker resign 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:ada --yes"
)]
pub(crate) struct Options {
    /// Agreement to leave
    #[arg(value_parser = parse::contract_address, value_name = "ADDRESS")]
    agreement: Address,

    /// Resign without asking
    #[arg(long)]
    yes: bool,
}

/// Shows what it costs, asks on a terminal, and resigns.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let (account, agreement) = (market.account()?, market.agreement(options.agreement).await?);
    // Where nobody can resign, the market says why.
    if let Some(preview) = preview(&agreement, account).await? {
        print_note(consequences(&preview));
        if !confirm("resign?", options.yes)? {
            return Err(CliError::Declined);
        }
    }
    let resigned = agreement.resign().await?;
    let clock = context.clock(&market).await?;
    let fields = [
        ("agreement", Cell::address(options.agreement)),
        ("worker", Cell::address(account)),
        ("judged_until", tick_cell(&clock, resigned.tick)),
    ];
    context.print_transaction(CommandOutput::new(fields), &resigned.receipt)
}

/// What the account's resignation would cost now.
async fn preview(
    agreement: &Agreement,
    account: Address,
) -> Result<Option<ResignPreview>, CliError> {
    let (progress, tick) = (agreement.progress().await?, agreement.market().next_tick().await?);
    let index = (0..).zip(agreement.terms().workers()).find(|(_, w)| w.account == account);
    Ok(index.and_then(|(index, _)| ResignPreview::new(agreement.terms(), &progress, index, tick)))
}

/// What the resignation would cost, as one line.
fn consequences(preview: &ResignPreview) -> String {
    let [penalty, bond, most, stay] =
        [preview.penalty, preview.bond, preview.most, preview.most_if_it_stays].map(Ether::from);
    format!(
        "you lose {penalty} of your bond of {bond}, more of it if testers found that you served less than promised, and \
         reputation; you are paid at most {most}, and {stay} if you stay"
    )
}
