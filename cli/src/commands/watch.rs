//! `muster watch`: events as they happen.

use clap::Args;
use muster_client::ChainUpdate;

use crate::context::Context;
use crate::daemon::signalled;
use crate::error::CliError;
use crate::options::heading;
use crate::output::events::{print_record, print_reorg};

/// Options of `muster watch`.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND, after_help = "Example:\n  muster watch --json")]
pub(crate) struct Options {
    /// First block [default: the next one]
    #[arg(long, value_name = "BLOCK")]
    from: Option<u64>,
}

/// Prints events until SIGINT or SIGTERM.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let signalled = signalled()?;
    let market = context.market().await?;
    let from = match options.from {
        Some(from) => from,
        None => market.node().head().await?.number.saturating_add(1),
    };
    let clock = context.clock(&market).await?;
    let mut watch = market.watch(from);
    let print_all = async {
        loop {
            match watch.next().await {
                ChainUpdate::Event(record) => print_record(&record, &clock, context.is_json())?,
                ChainUpdate::Reorg(block) => print_reorg(block, context.is_json())?,
            }
        }
    };
    tokio::select! {
        result = print_all => result,
        () = signalled => Ok(()),
    }
}
