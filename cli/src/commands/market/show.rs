//! `muster market show`: addresses, clock, constants and totals.

use clap::Args;
use muster_client::protocol::abi::Clock;

use crate::context::Context;
use crate::error::CliError;
use crate::output::ticks::{length_cell, tick_cell};
use crate::output::units::format_percent;
use crate::output::{Cell, CommandOutput};

/// Options of `muster market show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster market show --rpc http://127.0.0.1:8547")]
pub(crate) struct Options {}

/// Shows the market.
pub(crate) async fn run(context: &Context, Options {}: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let settings = market.settings();
    let epoch = market.epoch().await?;
    let agreements = u64::try_from(market.agreements().await?.len()).unwrap_or(u64::MAX);
    let ticks = context.clock(&market).await?;
    let clock = if settings.clock == Clock::Second { "second" } else { "block" };
    context.print(&CommandOutput::new([
        ("chain_id", Cell::count(market.node().chain_id())),
        ("dispatcher", Cell::address(market.dispatcher())),
        ("agreement_code", Cell::address(market.implementation().await?)),
        ("balance", Cell::Wei(market.node().balance(market.dispatcher()).await?)),
        ("registered", Cell::count(market.worker_count().await?)),
        ("agreement_count", Cell::count(agreements)),
        ("created_at", Cell::Count(market.created_at().await?)),
        ("clock", Cell::text(clock)),
        ("tick", tick_cell(&ticks, market.now().await?)),
        ("epoch", Cell::count(epoch)),
        ("testers_listed", Cell::count(market.tester_count(epoch).await?)),
        ("testers_listed_next", Cell::count(market.tester_count(epoch.saturating_add(1)).await?)),
        ("accept_window", length_cell(&ticks, settings.acceptWindow)),
        ("report_window", length_cell(&ticks, settings.reportWindow)),
        ("min_length", length_cell(&ticks, settings.minLength)),
        ("max_agreement", length_cell(&ticks, settings.maxAgreement)),
        ("min_window", length_cell(&ticks, settings.minWindow)),
        ("epoch_length", length_cell(&ticks, settings.epochLength)),
        ("lock_epochs", Cell::count(settings.lockEpochs)),
        ("min_pool", Cell::count(settings.minPool)),
        ("probe_count", Cell::count(settings.probes)),
        ("min_promise", Cell::text(format_percent(settings.minPromise))),
        ("bond_rate", Cell::text(format_percent(settings.bondBps))),
        ("tester_fee_rate", Cell::text(format_percent(settings.testerFeeBps))),
        ("min_bond", Cell::wei(settings.minBond)),
        ("min_tester_fee", Cell::wei(settings.minTesterFee)),
        ("tester_bond", Cell::wei(settings.testerBond)),
        ("reputation_unit", Cell::wei(settings.reputationUnit)),
    ]))
}
