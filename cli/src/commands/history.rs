//! `muster history` and `muster watch`: what happened, and what happens.

use clap::Args;
use muster_client::{ChainUpdate, EventRecord};

use crate::context::Context;
use crate::error::CliError;
use crate::event_format::{event_fields, event_name};
use crate::output::Cell;

/// Which part of the past.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// First block
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from: u64,

    /// Last block; without it, the latest
    #[arg(long, value_name = "BLOCK")]
    to: Option<u64>,
}

/// Where to begin.
#[derive(Debug, Args)]
pub(crate) struct WatchOptions {
    /// First block; without it, the next one
    #[arg(long, value_name = "BLOCK")]
    from: Option<u64>,
}

/// Prints the past.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let to = match options.to {
        Some(to) => to,
        None => market.node().head().await?.number,
    };
    if options.from > to {
        return Ok(());
    }
    let history = market.history(options.from, to).await?;
    history.iter().try_for_each(|item| print_record(context, item))
}

/// Prints what comes, until ctrl-c.
pub(crate) async fn watch(context: &Context, options: WatchOptions) -> Result<(), CliError> {
    let market = context.market().await?;
    let from = match options.from {
        Some(from) => from,
        None => market.node().head().await?.number.saturating_add(1),
    };
    let mut watch = market.watch(from);
    let follow = async {
        loop {
            match watch.next().await {
                ChainUpdate::Event(item) => print_record(context, &item)?,
                ChainUpdate::Reorg(block) => print_reorg(context, block)?,
            }
        }
    };
    tokio::select! {
        ended = follow => ended,
        // An error here means that ctrl-c cannot be heard; the watch then ends at once.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Prints something that happened.
pub(crate) fn print_record(context: &Context, item: &EventRecord) -> Result<(), CliError> {
    let mut line = vec![("block", Cell::Count(item.block))];
    line.extend(event_fields(&item.event));
    context.print_event(event_name(&item.event), &line)
}

/// Prints that nothing of what happened after a block is so any more.
pub(crate) fn print_reorg(context: &Context, block: u64) -> Result<(), CliError> {
    context.print_event("MovedBack", &vec![("block", Cell::Count(block))])
}
