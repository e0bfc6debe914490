//! `muster agreement list`: all agreements.

use clap::Args;
use futures::future::try_join_all;
use muster_client::{Application, state_text};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster agreement list`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  muster agreement list --json")]
pub(crate) struct Options {}

/// Lists agreements, the oldest first.
pub(super) async fn run(context: &Context, Options {}: Options) -> Result<(), CliError> {
    let market = context.market().await?;
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
