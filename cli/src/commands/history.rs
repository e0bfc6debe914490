//! `muster history` and `muster watch`: what happened, and what happens.

use std::time::Duration;

use clap::Args;
use client::Market;
use tokio::time::sleep;

use crate::context::Context;
use crate::error::CliError;
use crate::happening::{facts, name};
use crate::output::Cell;

/// How often to look for new blocks.
const POLL: Duration = Duration::from_millis(500);

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
    print(context, &market, options.from, to).await
}

/// Prints what comes, until ctrl-c.
pub(crate) async fn watch(context: &Context, options: WatchOptions) -> Result<(), CliError> {
    let market = context.market().await?;
    let follow = async {
        let latest = market.node().head().await?.number;
        let mut next = options.from.unwrap_or_else(|| latest.saturating_add(1));
        loop {
            let latest = market.node().head().await?.number;
            if latest >= next {
                print(context, &market, next, latest).await?;
                next = latest.saturating_add(1);
            }
            sleep(POLL).await;
        }
    };
    tokio::select! {
        ended = follow => ended,
        // An error here means that ctrl-c cannot be heard; the watch then ends at once.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// Prints what happened in these blocks.
async fn print(context: &Context, market: &Market, from: u64, to: u64) -> Result<(), CliError> {
    if from > to {
        return Ok(());
    }
    for item in market.history(from, to).await? {
        let mut line = vec![("block", Cell::Count(item.block))];
        line.extend(facts(&item.event));
        context.print_event(name(&item.event), &line)?;
    }
    Ok(())
}
