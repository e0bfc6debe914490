//! `muster tester probe`: one look at workers, in a window in which the tester holds a seat. A worker
//! serves if it gives the right answer and a receipt for it.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use futures::future::join_all;
use muster_client::{Agreement, Application, Market, ServiceReceipt, Session, state_text};
use muster_daemons::tester::{ProbeFailure, Prober, ServiceTarget, verify_receipt};

use crate::check::CheckOptions;
use crate::commands::tester::open_store;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse::{self, window_list};

/// Whom to probe, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The agreement
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// Where a worker serves, once for each worker that is to be probed
    #[arg(long, required = true, value_name = "WORKER=URL", value_parser = parse::worker_url)]
    url: Vec<(String, String)>,

    /// State file to add what was seen to; the first word about a worker in a window is the last one
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// How workers are checked.
    #[command(flatten)]
    check: CheckOptions,
}

/// Probes workers, and writes down what was seen.
pub(crate) async fn run(
    context: &Context,
    market: &Market,
    options: Options,
) -> Result<(), CliError> {
    let agreement = market.agreement(options.agreement).await?;
    let targets = probe_targets(&agreement, &options.url)?;
    let window = seated_window(market, &agreement).await?;

    let store = open_store(market, &options.state)?;
    let salt = store.session_salt(agreement.address(), || Session::random().salt)?;
    let session = Session { salt }.id(market.account()?);
    let prober = Prober::new(options.check.timeout_duration())?;
    let application = Application(agreement.terms().header.application);
    let checks = options.check.checks()?;
    let check = checks.for_application(application).ok_or(CliError::NoCheck(application))?;
    let probes = targets.iter().map(async |(index, url)| {
        let receipt = prober.probe(check, &ServiceTarget { url, token: "", session }).await?;
        verify_receipt(&agreement, session, *index, window, &receipt)
            .ok_or(ProbeFailure::WrongReceipt)
    });
    let results: Vec<Result<ServiceReceipt, ProbeFailure>> = join_all(probes).await;
    // A receipt of the next window would say nothing about this one.
    if agreement.window().await? != Some(window) {
        return Err(CliError::WindowOver(window));
    }

    for ((worker, _), results) in targets.iter().zip(&results) {
        store.record_observation(agreement.address(), *worker, window, results.as_ref().ok())?;
    }

    let rows = targets.iter().zip(&results).map(|((worker, url), results)| {
        let (receipt, why) = match results {
            Ok(receipt) => (Cell::text(window_list(receipt.served)), Cell::None),
            Err(failure) => (Cell::None, Cell::text(failure)),
        };
        vec![Cell::count(*worker), Cell::text(url), Cell::Flag(results.is_ok()), receipt, why]
    });
    let facts = [("agreement", Cell::text(agreement.address())), ("window", Cell::count(window))];
    context.print(&CommandOutput::new(facts).table(Table::new(
        "probes",
        ["worker", "url", "served", "receipt", "failure"],
        rows,
    )))
}

/// The window of now, in which this account must hold a seat.
async fn seated_window(market: &Market, agreement: &Agreement) -> Result<u8, CliError> {
    let Some(window) = agreement.window().await? else {
        let state = state_text(agreement.state().await?);
        return Err(CliError::NoWindow { state, now: market.now().await? });
    };
    let account = market.account()?;
    let seats = agreement.seats(account).await?;
    if seats.checked_shr(window.into()).is_some_and(|bits| bits & 1 == 1) {
        return Ok(window);
    }
    Err(CliError::NoSeat { account, window, seats: window_list(seats).into() })
}

/// Places of workers in the agreement, from their places, addresses or names.
fn probe_targets(
    agreement: &Agreement,
    pairs: &[(String, String)],
) -> Result<Vec<(u8, String)>, CliError> {
    let place = |worker: &str| {
        let terms = agreement.terms();
        if let Ok(index) = worker.parse() {
            return terms.worker(index).map(|_| index);
        }
        let account = parse::account_address(worker).ok()?;
        (0..).zip(terms.workers()).find(|(_, w)| w.account == account).map(|(index, _)| index)
    };
    let target = |(worker, url): &(String, String)| {
        let place = place(worker).ok_or_else(|| CliError::NotItsWorker(worker.as_str().into()))?;
        Ok((place, url.clone()))
    };
    pairs.iter().map(target).collect()
}
