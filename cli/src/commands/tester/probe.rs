//! `muster tester probe`: one probe of workers, in a window in which the tester has a seat. A worker serves if it gives
//! the right answer and a receipt for it. A seat makes as many probes in its window as the terms say.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::Args;
use futures::future::join_all;
use muster_client::{
    Agreement, Application, Market, ServiceReceipt, Session, holds_seat, state_text,
};
use muster_daemons::checks::{ProbeFailure, ProbeKind, Prober, ServiceTarget, verify_receipt};
use muster_daemons::tester::{ReferenceError, ReferenceJob, ReferenceRunner};
use muster_daemons::{ProbeId, Store};

use crate::commands::tester::store::open_store;
use crate::context::Context;
use crate::error::{CliError, ProbeCommandError};
use crate::options::check::CheckOptions;
use crate::options::heading;
use crate::options::reference::ReferenceArgs;
use crate::output::units::number_list;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster tester probe`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster tester probe 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --account dev:tom --check factor \
        --state tom.db --url dev:ada=http://127.0.0.1:8081"
)]
pub(crate) struct Options {
    /// Agreement of the workers
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,

    /// Worker to probe, and the URL where it serves; repeat it to probe several
    #[arg(long, required = true, value_name = "WORKER=URL", value_parser = parse::worker_url)]
    url: Vec<(String, String)>,

    /// State file for what is measured
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// How workers are checked.
    #[command(flatten)]
    check: CheckOptions,

    /// What jobs may take that are run here.
    #[command(flatten)]
    reference: ReferenceArgs,
}

/// Probes workers, and records what they served.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.signing_market().await?;
    let agreement = market.agreement(options.agreement).await?;
    let targets = probe_targets(&agreement, &options.url)?;
    let window = seated_window(&market, &agreement).await?;

    let store = open_store(&market, &options.state)?;
    let salt = store.session_salt(agreement.address(), || Session::random().salt)?;
    let session = Session { salt }.id(market.account()?, window);
    let slow_after = options.check.timeout_duration();
    let prober = Prober::new(options.check.timeout_duration(), context.proxy())?;
    let application = Application(agreement.terms().header.application);
    let checks = options.check.checks().await?;
    let kind = checks.for_application(application).ok_or(CliError::NoCheck(application))?;
    let reference = ReferenceRunner::new(options.reference.reference_options(&options.state));
    let jobs = prepare_jobs(&kind, &reference, targets.len()).await?;
    let tick = market.now().await?;
    let start = |(index, _): &(u8, String)| next_probe(&store, &agreement, *index, window, tick);
    let begun = targets.iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let pending = targets.iter().zip(&jobs).map(async |((index, url), job)| {
        let target = ServiceTarget { url, token: "", session };
        let receipt = match (&kind, job) {
            (ProbeKind::Check(check), _) => prober.probe(check, &target).await?,
            (ProbeKind::Job, Some(job)) => {
                prober.probe_job(job, &target, (&agreement, *index), slow_after).await?
            }
            (ProbeKind::Job, None) => return Err(ProbeFailure::Inconclusive),
        };
        verify_receipt(&agreement, session, *index, window, &receipt)
            .ok_or(ProbeFailure::WrongReceipt)
    });
    let results: Vec<Result<ServiceReceipt, ProbeFailure>> = join_all(pending).await;
    // A receipt of the next window does not prove this one.
    if agreement.window().await? != Some(window) {
        return Err(ProbeCommandError::WindowOver(window).into());
    }

    for (probe, result) in begun.iter().zip(&results) {
        if !matches!(result, Err(ProbeFailure::Inconclusive)) {
            store.record_probe(probe, result.as_ref().ok())?;
        }
    }

    let rows = targets.iter().zip(&begun).zip(&results).map(|(((worker, url), probe), result)| {
        let why = result.as_ref().err().map_or(Cell::None, Cell::text);
        let number = Cell::count(probe.number);
        vec![Cell::count(*worker), Cell::text(url), number, Cell::Flag(result.is_ok()), why]
    });
    let fields =
        [("agreement", Cell::address(agreement.address())), ("window", Cell::count(window))];
    context.print(&CommandOutput::new(fields).table(Table::new(
        "probes",
        ["index", "url", "number", "ok", "failure"],
        rows,
    )))
}

/// A job for each of `count` workers, if they run jobs.
async fn prepare_jobs(
    kind: &ProbeKind,
    reference: &ReferenceRunner,
    count: usize,
) -> Result<Vec<Option<ReferenceJob>>, ReferenceError> {
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(match kind {
            ProbeKind::Check(_) => None,
            ProbeKind::Job => Some(reference.synthetic().await?),
        });
    }
    Ok(jobs)
}

/// The next probe of a worker in a window, which begins in this tick.
fn next_probe(
    store: &Store,
    agreement: &Agreement,
    worker: u8,
    window: u8,
    tick: u64,
) -> Result<ProbeId, CliError> {
    let (address, probes) = (agreement.address(), agreement.terms().header.probes);
    for number in 0..probes {
        let probe = ProbeId { agreement: address, worker, window, number };
        if store.begin_probe(&probe, tick)? {
            return Ok(probe);
        }
    }
    Err(ProbeCommandError::AllProbesMade { worker, window, probes }.into())
}

/// The current window, in which the account must have a seat.
async fn seated_window(market: &Market, agreement: &Agreement) -> Result<u8, CliError> {
    let Some(window) = agreement.window().await? else {
        let state = state_text(agreement.state().await?);
        return Err(ProbeCommandError::NoWindow { state, now: market.now().await? }.into());
    };
    let account = market.account()?;
    let seats = agreement.seats(account).await?;
    if holds_seat(seats, window) {
        return Ok(window);
    }
    Err(ProbeCommandError::NoSeat { account, window, seats: number_list(seats).into() }.into())
}

/// The index of each worker in the agreement, from its index, address or name.
fn probe_targets(
    agreement: &Agreement,
    pairs: &[(String, String)],
) -> Result<Vec<(u8, String)>, CliError> {
    let find = |worker: &str| {
        let terms = agreement.terms();
        if let Ok(index) = worker.parse() {
            return terms.worker(index).map(|_| index);
        }
        let account = parse::account_address(worker).ok()?;
        (0..).zip(terms.workers()).find(|(_, w)| w.account == account).map(|(index, _)| index)
    };
    let target = |(worker, url): &(String, String)| {
        let index = find(worker).ok_or_else(|| CliError::NotItsWorker(worker.as_str().into()))?;
        Ok((index, url.clone()))
    };
    pairs.iter().map(target).collect()
}
