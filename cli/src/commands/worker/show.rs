//! `muster worker show`: one worker or tester.

use clap::Args;
use muster_client::{Application, WorkerReputation};

use crate::context::Context;
use crate::error::CliError;
use crate::hired_worker::{HiredWorker, hired_worker};
use crate::output::Cell;
use crate::output::units::{format_observations, format_percent};
use crate::output::worker::worker_output;

/// Options of `muster worker show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  muster worker show dev:ada\n  muster worker show 3")]
pub(crate) struct Options {
    /// Worker: its number, an address, or a dev account such as dev:alice [default: the account itself]
    #[arg(value_parser = hired_worker, value_name = "NUMBER|ADDRESS|NAME")]
    worker: Option<HiredWorker>,
}

/// Shows a worker, with its credit and, unless it is a tester, its reputation.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (market, worker) = match options.worker {
        Some(HiredWorker::Account(account)) => {
            let market = context.market().await?;
            let worker = market.worker(account).await?;
            (market, worker)
        }
        Some(number) => {
            let market = context.market().await?;
            let worker = number.find(&market).await?;
            (market, worker)
        }
        None => {
            let market = context.signing_market().await?;
            let worker = market.worker(market.account()?).await?;
            (market, worker)
        }
    };
    let account = worker.account;
    let credit = market.credit(account).await?;
    let mut output =
        worker_output(&worker, &context.clock(&market).await?).field("credit", Cell::wei(credit));
    if worker.application != Application::TESTER.0 {
        let WorkerReputation { score, weights, .. } = market.reputation(account).await?;
        output = output
            .field("score", Cell::text(format_percent(score)))
            .field("good", Cell::text(format_observations(weights.good)))
            .field("bad", Cell::text(format_observations(weights.bad)))
            .field("misses", Cell::count(worker.misses));
    }
    context.print(&output)
}
