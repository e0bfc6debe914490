//! `muster keepalive`: a longer lifetime for the market's programs.

use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Market, Node, ProgramLifetime};

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster keepalive`.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND, after_help = "Example:\n  muster keepalive --look")]
pub(crate) struct Options {
    /// Show the days that are left, and send nothing
    #[arg(long = "look")]
    dry_run: bool,
}

/// Extends the lifetime of the market's programs, or activates them again. The dispatcher comes first, because an
/// expired dispatcher cannot name the agreement's program.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (node, dispatcher) = if options.dry_run {
        let node = context.node().await?;
        let dispatcher = context.dispatcher(node.chain_id())?;
        (node, dispatcher)
    } else {
        let node = context.signing_node().await?;
        let dispatcher = context.dispatcher(node.chain_id())?;
        (node, dispatcher)
    };
    let mut rows = vec![program_row("dispatcher", &node, dispatcher, options.dry_run).await?];
    let market = Market::open(node.clone(), dispatcher).await?;
    let implementation = market.implementation().await?;
    rows.push(program_row("agreement", &node, implementation, options.dry_run).await?);
    let columns = ["program", "address", "days_left", "done"];
    context.print(&CommandOutput::default().table(Table::new("programs", columns, rows)))
}

/// One program: what was done, and how many days are left.
async fn program_row(
    name: &str,
    node: &Node,
    program: Address,
    dry_run: bool,
) -> Result<Vec<Cell>, CliError> {
    let done = if dry_run {
        Cell::None
    } else {
        Cell::text(match node.keep_alive(program).await? {
            ProgramLifetime::Extended(_) => "kept alive",
            ProgramLifetime::Reactivated(_) => "activated again",
            ProgramLifetime::TooSoon => "nothing: it is too young",
        })
    };
    let left = node.time_left(program).await?.unwrap_or(Duration::ZERO);
    let days = left.as_secs().checked_div(86_400).unwrap_or_default();
    Ok(vec![Cell::text(name), Cell::address(program), Cell::Count(days), done])
}
