//! `muster history`: past events.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::events::print_record;

/// Options of `muster history`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster history --from 100 --to 200"
)]
pub(crate) struct Options {
    /// First block
    #[arg(long, value_name = "BLOCK", default_value_t = 0)]
    from: u64,

    /// Last block [default: the latest]
    #[arg(long, value_name = "BLOCK")]
    to: Option<u64>,
}

/// Prints past events, the oldest first.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let to = match options.to {
        Some(to) => to,
        None => market.node().head().await?.number,
    };
    if options.from > to {
        return Ok(());
    }
    let clock = context.clock(&market).await?;
    let history = market.history(options.from, to).await?;
    history.iter().try_for_each(|record| print_record(record, &clock, context.is_json()))
}
