//! `muster tester probe`: one look at workers, in a window in which the tester holds a seat. A worker
//! serves if it gives the right answer and a receipt for it.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256};
use clap::{Args, ValueEnum};
use client::{Agreement, Market, ServiceReceipt, state};
use futures::future::join_all;

use crate::context::Context;
use crate::error::CliError;
use crate::journal::{Job, Journal, Sight};
use crate::output::{Cell, Page, Rows};
use crate::parse::{self, window_list};
use crate::service::{Answer, Asker, Failure};

/// Whom to probe, and how.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The agreement
    #[arg(value_parser = parse::contract)]
    agreement: Address,

    /// Where a worker serves, once for each worker that is to be probed
    #[arg(long, required = true, value_name = "WORKER=URL", value_parser = parse::pair)]
    url: Vec<(String, String)>,

    /// File to add what was seen to
    #[arg(long, value_name = "FILE")]
    journal: PathBuf,

    /// Path to ask for, behind the URL
    #[arg(long, default_value = "/health", conflicts_with = "check")]
    path: String,

    /// Text that the answer must contain
    #[arg(long, value_name = "TEXT", conflicts_with = "check")]
    expect: Option<String>,

    /// A question with an answer that can be checked, in place of a path
    #[arg(long, value_enum)]
    check: Option<Check>,

    /// How long to wait for an answer
    #[arg(long, value_name = "MS", default_value_t = 2_000)]
    timeout: u64,
}

/// A question with an answer that can be checked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Check {
    /// The prime factors of a random number, from `muster serve`
    Factor,
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

    let (chain, tester) = (market.node().chain_id(), market.account()?);
    let job = Job { chain, agreement: agreement.address(), tester };
    let journal = Journal::open(&options.journal, job)?;
    let session = journal.session.value(tester);
    let asker = Asker::new(options.timeout, session)?;
    let looks = targets.iter().map(async |(index, url)| {
        let ((), receipt) = look(&asker, url, &options).await?;
        let receipt = receipt.ok_or(Failure::NoReceipt)?;
        check(&agreement, session, *index, window, &receipt).ok_or(Failure::WrongReceipt)
    });
    let seen: Vec<Result<ServiceReceipt, Failure>> = join_all(looks).await;
    // A receipt of the next window would say nothing about this one.
    if agreement.window().await? != Some(window) {
        return Err(CliError::WindowOver(window));
    }

    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let sights = targets.iter().zip(&seen).map(|((worker, _), seen)| Sight {
        worker: *worker,
        window,
        receipt: seen.ok(),
        at,
    });
    journal.add(sights.collect())?;

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

/// The receipt in a text, if it is the worker's for this session and covers the window.
fn check(
    agreement: &Agreement,
    session: B256,
    index: u8,
    window: u8,
    text: &str,
) -> Option<ServiceReceipt> {
    let receipt: ServiceReceipt = text.parse().ok()?;
    let worker = agreement.terms().worker(index)?.account;
    let signer = receipt.signer(agreement.receipt_domain(), session);
    (signer == Some(worker) && receipt.covers(window)).then_some(receipt)
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

/// One look at one worker.
async fn look(asker: &Asker, url: &str, options: &Options) -> Answer<()> {
    match options.check {
        Some(Check::Factor) => asker.factor(url).await.map(|(_, receipt)| ((), receipt)),
        None => {
            let expected = options.expect.as_deref().unwrap_or_default();
            asker.page(url, &options.path, expected).await
        }
    }
}
