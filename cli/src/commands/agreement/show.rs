//! `muster agreement show`: one agreement.

use alloy::primitives::Address;
use clap::Args;
use futures::future::try_join_all;
use muster_client::protocol::abi::State;
use muster_client::protocol::layout::WorkerTerms;
use muster_client::{
    Agreement, Application, Progress, WindowShares, measurement, state_text, window_seats,
    window_shares,
};

use crate::clock::TickClock;
use crate::commands::agreement::calls::{calls_table, is_over};
use crate::context::Context;
use crate::error::CliError;
use crate::output::agreement::{
    FINDING_COLUMNS, finding_cells, paid_testers, paid_workers, shares_text, uptime_cell,
};
use crate::output::ticks::{length_cell, price_cell, tick_cell};
use crate::output::units::format_percent;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster agreement show`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster agreement show 0x8ba1f109551bD432803012645Ac136ddd64DBA72"
)]
pub(crate) struct Options {
    /// Agreement to show
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// Shows an agreement.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let agreement = &context.market().await?.agreement(options.agreement).await?;
    let (state, progress) = (agreement.state().await?, agreement.progress().await?);
    let clock = &context.clock(agreement.market()).await?;
    let reports = agreement.reports().await?;
    let shares = window_shares(agreement.terms(), &progress, &reports);
    let workers = (0..)
        .zip(&shares)
        .map(|(index, shares)| worker_row(agreement, clock, index, &progress, shares));
    let reports = reports.iter().flat_map(|report| {
        report.findings.as_chunks().0.iter().map(|finding| {
            let tester = [Cell::address(report.tester), Cell::count(report.place)];
            tester.into_iter().chain(finding_cells(*finding)).collect()
        })
    });
    let report_columns = ["tester", "place"].into_iter().chain(FINDING_COLUMNS);
    let mut output = agreement_output(agreement, clock, state, &progress)
        .await?
        .table(Table::new(
            "workers",
            [
                "index", "account", "price", "promise", "fee", "bond", "accepted", "resigned",
                "released", "shares", "uptime",
            ],
            workers,
        ))
        .table(window_table(agreement, clock, &progress).await?)
        .table(calls_table(agreement, clock, state, &progress).await?)
        .table(Table::new("reports", report_columns, reports));
    if let Some(settled) = agreement.settlement().await? {
        output = output
            .field("refund", Cell::wei(settled.refund))
            .field("compensation", Cell::wei(settled.compensation))
            .table(paid_workers(&settled.workers))
            .table(paid_testers(&settled.testers));
    }
    context.print(&output)
}

/// The fields of an agreement as a whole.
async fn agreement_output(
    agreement: &Agreement,
    clock: &TickClock,
    state: State,
    progress: &Progress,
) -> Result<CommandOutput, CliError> {
    let (head, market) = (agreement.terms().header, agreement.market());
    let times = agreement.times(progress);
    let mut output = CommandOutput::new([
        ("agreement", Cell::address(agreement.address())),
        ("state", Cell::text(state_text(state))),
        ("client", Cell::address(head.client)),
        ("application", Cell::text(Application(head.application))),
        ("escrow", Cell::wei(agreement.escrow())),
        ("balance", Cell::Wei(market.node().balance(agreement.address()).await?)),
        ("tick", tick_cell(clock, market.now().await?)),
        ("purchased", tick_cell(clock, head.purchased)),
        ("accept_until", tick_cell(clock, times.last_accept())),
        ("length", length_cell(clock, head.length)),
        ("windows_judged", Cell::count(progress.course.windows(agreement.terms()))),
    ]);
    if progress.start() != 0 {
        output = output
            .field("start", tick_cell(clock, progress.start()))
            .field("end", tick_cell(clock, times.end()))
            .field(
                "report_until",
                tick_cell(clock, times.end().saturating_add(head.report_window.into())),
            )
            .field("slots_freed", Cell::Flag(progress.freed || is_over(state)));
    }
    Ok(output
        .field("tester_epoch", Cell::count(head.epoch))
        .field("tester_pool", Cell::count(head.pool)))
}

/// The row of a worker: what it agreed to, and its record so far.
fn worker_row(
    agreement: &Agreement,
    clock: &TickClock,
    index: u8,
    progress: &Progress,
    shares: &[WindowShares],
) -> Vec<Cell> {
    let terms = agreement.terms();
    let measured = measurement(shares);
    let WorkerTerms { account, price, promise, fee, bond, .. } =
        terms.worker(index).copied().unwrap_or_default();
    vec![
        Cell::count(index),
        Cell::address(account),
        price_cell(clock, price),
        Cell::text(format_percent(promise)),
        Cell::wei(fee),
        Cell::wei(bond),
        Cell::Flag(progress.has_accepted(index)),
        Cell::Flag(progress.has_resigned(index)),
        Cell::Flag(progress.is_released(index)),
        Cell::Text(shares_text(shares)),
        uptime_cell(measured.known, measured.measured.basis_points()),
    ]
}

/// The ticks and testers of each window; no rows before the start.
async fn window_table(
    agreement: &Agreement,
    clock: &TickClock,
    progress: &Progress,
) -> Result<Table, CliError> {
    let (terms, market) = (agreement.terms(), agreement.market());
    let mut rows = Vec::new();
    for (window, ticks) in agreement.windows(progress) {
        let places = window_seats(terms, &progress.seed, window.into());
        let testers = places.into_iter().map(|place| market.tester_at(terms.header.epoch, place));
        let testers = try_join_all(testers).await?;
        let testers = testers.into_iter().flatten();
        rows.push(vec![
            Cell::count(window),
            tick_cell(clock, ticks.start),
            tick_cell(clock, ticks.end),
            Cell::addresses(testers),
        ]);
    }
    Ok(Table::new("windows", ["window", "from", "until", "tester_accounts"], rows))
}
