//! `muster client try`: one request to a service of prime factors.

use std::time::Duration;

use clap::Args;
use muster_client::Session;
use muster_daemons::checks::{Prober, ServiceTarget};

use crate::clock;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput, Table};
use crate::parse;

/// Options of `muster client try`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster client try --url http://127.0.0.1:8090"
)]
pub(crate) struct Options {
    /// URL of the service
    #[arg(long, value_parser = parse::service_url)]
    url: Box<str>,

    /// Milliseconds to wait for the response
    #[arg(long, value_name = "MS|TIME", value_parser = clock::milliseconds, default_value_t = 2_000)]
    timeout: u64,
}

/// Requests the factors of a random number, in a session of its own, and verifies them.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { url, timeout } = options;
    let target = ServiceTarget { url: &url, token: "", session: Session::random().salt };
    // A local proxy is on this machine, where no other proxy can reach it.
    let proxy = context.proxy().filter(|_| !parse::is_local(&url));
    let prober = Prober::new(Duration::from_millis(timeout), proxy)?;
    let result = prober.request_factors(&target).await;
    let (found, _) = result.map_err(|failure| CliError::Service { url: url.clone(), failure })?;
    let rows = found.factors.iter().map(|factor| vec![Cell::Count(*factor)]);
    let output = CommandOutput::new([("url", Cell::text(&url)), ("number", Cell::Count(found.n))]);
    context.print(&output.table(Table::new("factors", ["factor"], rows)))
}
