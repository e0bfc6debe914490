//! `muster tester`: the daemon, and joining, checking in and reporting by hand. Probing is in [`super::probe`].

use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256};
use clap::{ArgGroup, Args, Subcommand};
use muster_client::protocol::abi::{Entry, Finding};
use muster_client::{Agreement, Market, Session, message_key};
use muster_daemons::tester::{TesterDaemon, TesterOptions};
use muster_daemons::{Identity, Role, Store};

use crate::check::CheckOptions;
use crate::commands::probe;
use crate::context::Context;
use crate::daemon;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse::{self, window_list};

/// What a tester does.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Do all of it: join, check in, look at workers where the account holds a seat, report, collect fees
    Run(TesterRunOptions),
    /// Register the account as a tester, once and for ever
    Join(JoinOptions),
    /// Get into the next epoch's list of testers, and into this one's while that is short
    CheckIn,
    /// Show in which windows of an agreement the account holds a seat
    Seats {
        /// The agreement
        #[arg(value_parser = parse::contract_address)]
        agreement: Address,
    },
    /// Look at workers now, in a window in which the account holds a seat
    Probe(probe::Options),
    /// Report what was seen, once, after the agreement's end
    Report(ReportOptions),
}

/// How it is all done.
#[derive(Debug, Args)]
pub(crate) struct TesterRunOptions {
    /// What every daemon can be told.
    #[command(flatten)]
    daemon: daemon::DaemonOptions,

    /// How workers are checked.
    #[command(flatten)]
    check: CheckOptions,

    /// Where the fees go.
    #[command(flatten)]
    payouts: daemon::PayoutOptions,

    /// First block in which to look for agreements if the account is registered and the state file is lost
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from_block: u64,

    /// Check in no more, take the bond back when the last list with the account is over, and end
    #[arg(long)]
    leave: bool,
}

/// What is registered.
#[derive(Debug, Args)]
pub(crate) struct JoinOptions {
    /// Stake; without it, the market's tester bond
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    stake: Option<u128>,

    /// Key for messages; without it, the account's own
    #[arg(long, value_name = "KEY")]
    message_key: Option<B256>,
}

/// What is reported.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("seen").required(true).args(["state", "entry"]))]
pub(crate) struct ReportOptions {
    /// The agreement
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// State file that `tester probe` wrote
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// What was seen of one worker, in place of a state file: windows that were looked at, as 0b1011 or 0,1,3, and
    /// the receipt for those of them that were served
    #[arg(long, value_name = "INDEX:CHECKED[:RECEIPT]", value_parser = parse::report_entry)]
    entry: Vec<Entry>,

    /// Salt of the session that these receipts are for
    #[arg(long, requires = "entry")]
    salt: Option<B256>,
}

/// Does what a tester does.
pub(crate) async fn run(context: &Context, action: Action) -> Result<(), CliError> {
    let market = async || context.signing_market().await;
    match action {
        Action::Run(options) => run_daemon(context, options).await,
        Action::Join(options) => join(context, &market().await?, options).await,
        Action::CheckIn => check_in(context, &market().await?).await,
        Action::Seats { agreement } => seats(context, &market().await?, agreement).await,
        Action::Probe(options) => probe::run(context, &market().await?, options).await,
        Action::Report(options) => report(context, &market().await?, options).await,
    }
}

/// Does it all, until it is told to end or has left.
async fn run_daemon(context: &Context, options: TesterRunOptions) -> Result<(), CliError> {
    let TesterRunOptions { daemon, check, payouts, from_block, leave } = options;
    let options = TesterOptions {
        probe_timeout: check.timeout_duration(),
        checks: check.checks()?,
        payout: payouts.payout(),
        first_block: from_block,
        leave,
    };
    let (daemon_context, mut facts) =
        daemon::daemon_context(context, &daemon, Role::Tester).await?;
    facts.push(("account", Cell::text(daemon_context.account())));
    let mut tester = TesterDaemon::start(daemon_context, options).await?;
    let left = tester.left();
    daemon::run(context, daemon.health, &mut tester, facts, left).await
}

/// The state file of this account's looks.
pub(crate) fn open_store(market: &Market, path: &Path) -> Result<Store, CliError> {
    let (chain, dispatcher) = (market.node().chain_id(), market.dispatcher());
    let identity = Identity { role: Role::Tester, chain, dispatcher, account: market.account()? };
    Ok(Store::open(path, &identity)?)
}

/// Registers a tester.
async fn join(context: &Context, market: &Market, options: JoinOptions) -> Result<(), CliError> {
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
    context.print_transaction(CommandOutput::new(facts), &registered.receipt)
}

/// Checks in.
async fn check_in(context: &Context, market: &Market) -> Result<(), CliError> {
    let done = market.check_in().await?;
    let rows =
        done.places.iter().map(|(epoch, place)| vec![Cell::count(*epoch), Cell::count(*place)]);
    let page = CommandOutput::new([("account", Cell::text(market.account()?))]).table(Table::new(
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
    context.print(&CommandOutput::new(facts).table(Table::new(
        "seats",
        ["window", "from", "until"],
        rows,
    )))
}

/// Reports.
async fn report(
    context: &Context,
    market: &Market,
    options: ReportOptions,
) -> Result<(), CliError> {
    let ReportOptions { agreement: address, state, entry, salt } = options;
    let agreement = market.agreement(address).await?;
    let (session, entries) = match state {
        None => (Session { salt: salt.unwrap_or_default() }, entry),
        Some(path) => {
            let store = open_store(market, &path)?;
            let entries = observed_entries(&store, &agreement)?;
            if entries.is_empty() {
                return Err(CliError::NothingObserved { path, agreement: address });
            }
            let salt = store.session_salt(address, || Session::random().salt)?;
            (Session { salt }, entries)
        }
    };
    let rows: Vec<_> = entries.iter().map(|entry| finding_cells((*entry).into())).collect();
    let receipt = agreement.report(&session, entries).await?;
    let facts = [("agreement", Cell::text(address)), ("tester", Cell::text(market.account()?))];
    let page = CommandOutput::new(facts).table(Table::new(
        "entries",
        ["worker", "checked", "served"],
        rows,
    ));
    context.print_transaction(page, &receipt)
}

/// What was seen of each worker.
fn observed_entries(store: &Store, agreement: &Agreement) -> Result<Vec<Entry>, CliError> {
    let mut entries = Vec::new();
    for index in 0..agreement.terms().header.redundancy {
        entries.extend(store.observations(agreement.address(), index)?.report_entry(index));
    }
    Ok(entries)
}

/// What was seen of one worker.
pub(crate) fn finding_cells(finding: Finding) -> Vec<Cell> {
    let windows = |bits| Cell::text(window_list(bits));
    vec![Cell::count(finding.index), windows(finding.checked), windows(finding.served)]
}
