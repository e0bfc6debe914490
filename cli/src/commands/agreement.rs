//! `muster agreement`: what was agreed, how it goes, and how it ended.

use alloy::primitives::Address;
use clap::Subcommand;
use futures::future::try_join_all;
use muster_client::protocol::layout::WorkerTerms;
use muster_client::protocol::verdict::Verdict;
use muster_client::{
    Agreement, Application, Market, Progress, Votes, judgement, state_text, votes, window_seats,
};

use crate::commands::settle::{paid_testers, paid_workers};
use crate::commands::tester::finding_cells;
use crate::commands::wait;
use crate::commands::worker::format_percent;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// What to look at.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show one agreement
    Show {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// List all agreements
    List,
    /// Wait until an agreement has come to a window or a state
    Wait(wait::Options),
}

/// Looks at agreements.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    let market = context.market().await?;
    match action {
        Action::Show { agreement } => show(context, &market.agreement(agreement).await?).await,
        Action::List => list(context, &market).await,
        Action::Wait(options) => wait::run(context, &market, options).await,
    }
}

/// Lists agreements.
async fn list(context: &Context, market: &Market) -> Result<(), CliError> {
    let agreements = market.agreements().await?;
    let rows = agreements.into_iter().map(async |address| -> Result<_, CliError> {
        let agreement = market.agreement(address).await?;
        let (now, head) = (agreement.state().await?, agreement.terms().header);
        let end = agreement.times(&agreement.progress().await?).end();
        Ok(vec![
            Cell::text(address),
            Cell::text(state_text(now)),
            Cell::text(head.client),
            Cell::text(Application(head.application)),
            Cell::count(head.redundancy),
            Cell::count(head.length),
            Cell::Count(end),
            Cell::Wei(market.node().balance(address).await?),
        ])
    });
    let rows = try_join_all(rows).await?;
    context.print(&CommandOutput::default().table(Table::new(
        "agreements",
        ["agreement", "state", "client", "application", "workers", "length", "end", "balance"],
        rows,
    )))
}

/// Shows one agreement.
async fn show(context: &Context, agreement: &Agreement) -> Result<(), CliError> {
    let progress = agreement.progress().await?;
    let reports = agreement.reports().await?;
    let votes = votes(agreement.terms(), &progress, &reports);
    let workers =
        (0..).zip(&votes).map(|(index, votes)| worker_row(agreement, index, &progress, votes));
    let reports = reports.iter().flat_map(|report| {
        report.findings.iter().map(|finding| {
            let tester = [Cell::text(report.tester), Cell::count(report.place)];
            tester.into_iter().chain(finding_cells(*finding)).collect()
        })
    });
    let mut page = agreement_output(agreement, &progress)
        .await?
        .table(Table::new(
            "workers",
            [
                "index", "account", "price", "promise", "fee", "bond", "accepted", "resigned",
                "windows", "served", "failed",
            ],
            workers,
        ))
        .table(window_table(agreement, &progress).await?)
        .table(Table::new("reports", ["tester", "place", "worker", "checked", "served"], reports));
    if let Some(settled) = agreement.settlement().await? {
        page = page
            .field("refund", Cell::wei(settled.refund))
            .field("compensation", Cell::wei(settled.compensation))
            .table(paid_workers(&settled.workers))
            .table(paid_testers(&settled.testers));
    }
    context.print(&page)
}

/// What is to be known of an agreement as a whole.
async fn agreement_output(
    agreement: &Agreement,
    progress: &Progress,
) -> Result<CommandOutput, CliError> {
    let (head, market) = (agreement.terms().header, agreement.market());
    let times = agreement.times(progress);
    let state = state_text(agreement.state().await?);
    let mut page = CommandOutput::new([
        ("agreement", Cell::text(agreement.address())),
        ("state", Cell::text(state)),
        ("client", Cell::text(head.client)),
        ("application", Cell::text(Application(head.application))),
        ("escrow", Cell::wei(agreement.escrow())),
        ("balance", Cell::Wei(market.node().balance(agreement.address()).await?)),
        ("tick", Cell::Count(market.now().await?)),
        ("purchased", Cell::count(head.purchased)),
        ("accept_until", Cell::Count(times.last_accept())),
        ("length", Cell::count(head.length)),
        ("windows_judged", Cell::count(progress.windows)),
    ]);
    if progress.start != 0 {
        page = page
            .field("start", Cell::Count(progress.start))
            .field("end", Cell::Count(times.end()))
            .field(
                "report_until",
                Cell::Count(times.end().saturating_add(head.report_window.into())),
            );
    }
    Ok(page
        .field("tester_epoch", Cell::count(head.epoch))
        .field("tester_pool", Cell::count(head.pool)))
}

/// One worker and how it does.
fn worker_row(agreement: &Agreement, index: u8, progress: &Progress, votes: &[Votes]) -> Vec<Cell> {
    let terms = agreement.terms();
    let judged = judgement(terms, progress, index, votes);
    let WorkerTerms { account, price, promise, fee, bond, .. } =
        terms.worker(index).copied().unwrap_or_default();
    vec![
        Cell::count(index),
        Cell::text(account),
        Cell::wei(price),
        Cell::text(format_percent(promise)),
        Cell::wei(fee),
        Cell::wei(bond),
        Cell::Flag(progress.has_accepted(index)),
        Cell::Flag(judged.resigned),
        Cell::Text(verdict_chars(votes)),
        Cell::count(judged.tally.served),
        Cell::count(judged.tally.failed),
    ]
}

/// What is said of each window, in letters.
pub(crate) fn verdict_chars(votes: &[Votes]) -> String {
    votes.iter().map(|votes| verdict_char(votes.verdict())).collect()
}

/// A verdict as one letter: served, failed, or not known.
const fn verdict_char(verdict: Verdict) -> char {
    match verdict {
        Verdict::Served => 's',
        Verdict::Failed => 'f',
        Verdict::Unknown => '-',
    }
}

/// When each window is, and who tests in it; none before the start.
async fn window_table(agreement: &Agreement, progress: &Progress) -> Result<Table, CliError> {
    let (terms, market) = (agreement.terms(), agreement.market());
    let mut rows = Vec::new();
    for (window, ticks) in agreement.windows(progress) {
        let places = window_seats(terms, &progress.seed, window.into());
        let testers = places.into_iter().map(|place| market.tester_at(terms.header.epoch, place));
        let testers = try_join_all(testers).await?;
        let testers: Vec<_> = testers.into_iter().flatten().map(|t| t.to_string()).collect();
        rows.push(vec![
            Cell::count(window),
            Cell::Count(ticks.start),
            Cell::Count(ticks.end),
            Cell::Text(testers.join(" ")),
        ]);
    }
    Ok(Table::new("windows", ["window", "from", "until", "testers"], rows))
}
