//! `muster keepalive`: another life for the market's programs.

use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use muster_client::{Market, Node, ProgramLifetime};

use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, CommandOutput, Table};

/// What programs are kept alive with.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only look how long they have
    #[arg(long)]
    look: bool,
}

/// Looks how long the market's programs can be called, and begins their lives anew. A dispatcher that is dead
/// cannot say where its implementation is, so it comes first.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (node, dispatcher) = if options.look {
        let node = context.node().await?;
        let dispatcher = context.dispatcher(node.chain_id())?;
        (node, dispatcher)
    } else {
        let node = context.signing_node().await?;
        let dispatcher = context.dispatcher(node.chain_id())?;
        (node, dispatcher)
    };
    let mut rows = vec![program_row("dispatcher", &node, dispatcher, options.look).await?];
    let market = Market::open(node.clone(), dispatcher).await?;
    let implementation = market.implementation().await?;
    rows.push(program_row("agreement", &node, implementation, options.look).await?);
    let columns = ["program", "address", "days_left", "done"];
    context.print(&CommandOutput::default().table(Table::new("programs", columns, rows)))
}

/// One program: what was done, and how long it has now.
async fn program_row(
    name: &str,
    node: &Node,
    program: Address,
    look: bool,
) -> Result<Vec<Cell>, CliError> {
    let done = if look {
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
    Ok(vec![Cell::text(name), Cell::text(program), Cell::Count(days), done])
}
