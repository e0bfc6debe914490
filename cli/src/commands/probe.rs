//! `muster tester probe`: one look at workers, in a window in which the tester holds a seat. A worker
//! serves if it gives the right answer and a receipt for it.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use futures::future::join_all;
use muster_client::{Agreement, Application, Market, ServiceReceipt, Session, state};
use muster_daemons::tester::{Asker, Failure, Place, verified};

use crate::check::CheckOptions;
use crate::commands::tester::store;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Page, Rows};
use crate::parse::{self, window_list};

/// Whom to probe, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The agreement
    #[arg(value_parser = parse::contract)]
    agreement: Address,

    /// Where a worker serves, once for each worker that is to be probed
    #[arg(long, required = true, value_name = "WORKER=URL", value_parser = parse::pair)]
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
    let targets = targets(&agreement, &options.url)?;
    let window = seat(market, &agreement).await?;

    let store = store(market, &options.state)?;
    let salt = store.salt(agreement.address(), || Session::random().salt)?;
    let session = Session { salt }.value(market.account()?);
    let asker = Asker::new(options.check.patience())?;
    let application = Application(agreement.terms().header.application);
    let checks = options.check.checks()?;
    let check = checks.of(application).ok_or(CliError::NoCheck(application))?;
    let looks = targets.iter().map(async |(index, url)| {
        let receipt = asker.look(check, &Place { url, token: "", session }).await?;
        verified(&agreement, session, *index, window, &receipt).ok_or(Failure::WrongReceipt)
    });
    let seen: Vec<Result<ServiceReceipt, Failure>> = join_all(looks).await;
    // A receipt of the next window would say nothing about this one.
    if agreement.window().await? != Some(window) {
        return Err(CliError::WindowOver(window));
    }

    for ((worker, _), seen) in targets.iter().zip(&seen) {
        store.saw(agreement.address(), *worker, window, seen.as_ref().ok())?;
    }

    let rows = targets.iter().zip(&seen).map(|((worker, url), seen)| {
        let (receipt, why) = match seen {
            Ok(receipt) => (Cell::text(window_list(receipt.served)), Cell::None),
            Err(failure) => (Cell::None, Cell::text(failure)),
        };
        vec![Cell::count(*worker), Cell::text(url), Cell::Flag(seen.is_ok()), receipt, why]
    });
    let facts = [("agreement", Cell::text(agreement.address())), ("window", Cell::count(window))];
    context.print(&Page::new(facts).table(Rows::new(
        "probes",
        ["worker", "url", "served", "receipt", "failure"],
        rows,
    )))
}

/// The window of now, in which this account must hold a seat.
async fn seat(market: &Market, agreement: &Agreement) -> Result<u8, CliError> {
    let Some(window) = agreement.window().await? else {
        let state = state(agreement.state().await?);
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
fn targets(
    agreement: &Agreement,
    pairs: &[(String, String)],
) -> Result<Vec<(u8, String)>, CliError> {
    let place = |worker: &str| {
        let terms = agreement.terms();
        if let Ok(index) = worker.parse() {
            return terms.worker(index).map(|_| index);
        }
        let account = parse::party(worker).ok()?;
        (0..).zip(terms.workers()).find(|(_, w)| w.account == account).map(|(index, _)| index)
    };
    let target = |(worker, url): &(String, String)| {
        let place = place(worker).ok_or_else(|| CliError::NotItsWorker(worker.as_str().into()))?;
        Ok((place, url.clone()))
    };
    pairs.iter().map(target).collect()
}
