//! `muster worker list`: all registered workers.

use std::cmp::Reverse;

use clap::Args;
use muster_client::Application;
use muster_client::protocol::abi::Worker;

use crate::clock::TickClock;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::ticks::{length_cell, price_cell};
use crate::output::units::format_percent;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster worker list`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster worker list --application render"
)]
pub(crate) struct Options {
    /// List only workers of this application
    #[arg(long, value_name = "NAME")]
    application: Option<Application>,
}

/// Lists workers: first those in the book, the cheapest on top, then all others.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let mut workers = market.workers().await?;
    if let Some(Application(application)) = options.application {
        workers.retain(|worker| worker.application == application);
    }
    let clock = context.clock(&market).await?;
    workers.sort_by_key(|worker| (Reverse(worker.listed), worker.price, worker.number));
    context.print(&CommandOutput::default().table(Table::new(
        "workers",
        [
            "number",
            "account",
            "application",
            "price",
            "max_length",
            "promise",
            "score",
            "active",
            "capacity",
            "available",
            "listed",
            "stake",
            "locked",
        ],
        workers.iter().map(|worker| worker_row(worker, &clock)),
    )))
}

/// The row of a worker.
fn worker_row(worker: &Worker, clock: &TickClock) -> Vec<Cell> {
    vec![
        Cell::count(worker.number),
        Cell::address(worker.account),
        Cell::text(Application(worker.application)),
        price_cell(clock, worker.price),
        length_cell(clock, worker.maxLength),
        Cell::text(format_percent(worker.promised)),
        Cell::text(format_percent(worker.score)),
        Cell::count(worker.active),
        Cell::count(worker.capacity),
        Cell::Flag(worker.available),
        Cell::Flag(worker.listed),
        Cell::wei(worker.stake),
        Cell::wei(worker.locked),
    ]
}
