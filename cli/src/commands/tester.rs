//! `muster tester`: joining, checking in, and reporting. Probing is in [`super::probe`].

use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use clap::{ArgGroup, Args, Subcommand};
use client::terms::abi::{Entry, Finding};
use client::{Market, Session, message_key};

use crate::commands::probe;
use crate::context::Context;
use crate::error::CliError;
use crate::journal::{Job, Journal};
use crate::output::{Cell, Page, Rows};
use crate::parse::{self, window_list};

/// What a tester does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Register the account as a tester, once and for ever
    Join(Join),
    /// Get into the next epoch's list of testers, and into this one's while that is short
    CheckIn,
    /// Show in which windows of an agreement the account holds a seat
    Seats {
        /// The agreement
        #[arg(value_parser = parse::contract)]
        agreement: Address,
    },
    /// Look at workers now, in a window in which the account holds a seat
    Probe(probe::Options),
    /// Report what was seen, once, after the agreement's end
    Report(Report),
}

/// What is registered.
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// Stake; without it, the market's tester bond
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Key for messages; without it, the account's own
    #[arg(long, value_name = "KEY")]
    message_key: Option<B256>,
}

/// What is reported.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("seen").required(true).args(["journal", "entry"]))]
pub(crate) struct Report {
    /// The agreement
    #[arg(value_parser = parse::contract)]
    agreement: Address,

    /// Journal that `tester probe` wrote
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,

    /// What was seen of one worker, in place of a journal: windows that were looked at, as 0b1011 or 0,1,3, and
    /// the receipt for those of them that were served
    #[arg(long, value_name = "INDEX:CHECKED[:RECEIPT]", value_parser = parse::entry)]
    entry: Vec<Entry>,

    /// Salt of the session that these receipts are for
    #[arg(long, requires = "entry")]
    salt: Option<B256>,
}

/// Does what a tester does.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    let market = context.market_to_sign().await?;
    match action {
        Action::Join(options) => join(context, &market, options).await,
        Action::CheckIn => check_in(context, &market).await,
        Action::Seats { agreement } => seats(context, &market, agreement).await,
        Action::Probe(options) => probe::run(context, &market, options).await,
        Action::Report(options) => report(context, &market, options).await,
    }
}

/// Registers a tester.
async fn join(context: &Context, market: &Market, options: Join) -> Result<(), CliError> {
    let stake = options.stake.unwrap_or(market.settings().testerBond);
    let key = match options.message_key {
        Some(key) => key,
        None => message_key(&context.signer(market.node().chain_id())?),
    };
    let registered = market.register_tester(key, stake).await?;
    let facts = [
        ("account", Cell::text(market.account()?)),
        ("number", Cell::count(registered.number)),
        ("stake", Cell::wei(stake)),
    ];
    context.print_transaction(Page::new(facts), &registered.receipt)
}

/// Checks in.
async fn check_in(context: &Context, market: &Market) -> Result<(), CliError> {
    let done = market.check_in().await?;
    let rows =
        done.places.iter().map(|(epoch, place)| vec![Cell::count(*epoch), Cell::count(*place)]);
    let page = Page::new([("account", Cell::text(market.account()?))]).table(Rows::new(
        "lists",
        ["epoch", "place"],
        rows,
    ));
    context.print_transaction(page, &done.receipt)
}

/// Shows seats.
async fn seats(context: &Context, market: &Market, address: Address) -> Result<(), CliError> {
    let agreement = market.agreement(address).await?;
    let account = market.account()?;
    let seats = agreement.seats(account).await?;
    let progress = agreement.progress().await?;
    let rows = agreement.windows(&progress).into_iter().filter(|(window, _)| {
        seats.checked_shr(u32::from(*window)).is_some_and(|bits| bits & 1 == 1)
    });
    let rows = rows.map(|(window, ticks)| {
        vec![Cell::count(window), Cell::Count(ticks.start), Cell::Count(ticks.end)]
    });
    let facts = [
        ("agreement", Cell::text(address)),
        ("account", Cell::text(account)),
        ("place", Cell::count(agreement.place(account).await?)),
        ("windows", Cell::text(window_list(seats))),
        ("tick", Cell::count(market.now().await?)),
    ];
    context.print(&Page::new(facts).table(Rows::new("seats", ["window", "from", "until"], rows)))
}

/// Reports.
async fn report(context: &Context, market: &Market, options: Report) -> Result<(), CliError> {
    let Report { agreement: address, journal, entry, salt } = options;
    let (session, entries) = match journal {
        None => (Session { salt: salt.unwrap_or_default() }, entry),
        Some(path) => {
            let (chain, tester) = (market.node().chain_id(), market.account()?);
            let journal = Journal::read(&path, Job { chain, agreement: address, tester })?;
            let seen = journal.map(|journal| (journal.session, journal.entries()));
            let seen = seen.filter(|(_, entries)| !entries.is_empty());
            seen.ok_or(CliError::NothingSeen { path, agreement: address })?
        }
    };
    let agreement = market.agreement(address).await?;
    let rows: Vec<_> = entries.iter().map(|entry| finding_row((*entry).into())).collect();
    let receipt = agreement.report(&session, entries).await?;
    let facts = [("agreement", Cell::text(address)), ("tester", Cell::text(market.account()?))];
    let page = Page::new(facts).table(Rows::new("entries", ["worker", "checked", "served"], rows));
    context.print_transaction(page, &receipt)
}

/// What was seen of one worker.
pub(crate) fn finding_row(finding: Finding) -> Vec<Cell> {
    let windows = |bits| Cell::text(window_list(bits));
    vec![Cell::count(finding.index), windows(finding.checked), windows(finding.served)]
}
