//! `muster worker show`: one worker or tester.

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Application, WorkerReputation};

use crate::context::Context;
use crate::error::CliError;
use crate::output::Cell;
use crate::output::units::{format_observations, format_percent};
use crate::output::worker::worker_output;
use crate::parse;

/// Options of `muster worker show`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster worker show dev:ada")]
pub(crate) struct Options {
    /// Worker: an address, or a dev account such as dev:alice [default: the account itself]
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    worker: Option<Address>,
}

/// Shows a worker, with its credit and, unless it is a tester, its reputation.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (market, account) = if let Some(account) = options.worker {
        (context.market().await?, account)
    } else {
        let market = context.signing_market().await?;
        let account = market.account()?;
        (market, account)
    };
    let worker = market.worker(account).await?;
    let credit = market.credit(account).await?;
    let mut output = worker_output(&worker).field("credit", Cell::wei(credit));
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
