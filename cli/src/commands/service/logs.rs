//! `muster service logs`.

use alloy::primitives::Address;
use clap::Args;
use muster_compute::Digest;
use muster_compute_http::LogStream;

use crate::context::Context;
use crate::error::{CliError, ServiceCommandError};
use crate::options::heading;
use crate::options::service::RecordArgs;
use crate::output::{Cell, CommandOutput, Table, print_note};
use crate::parse;
use crate::service_folder::{ServiceFolder, manager};

/// Options of `muster service logs`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster service logs ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --account dev:cleo"
)]
pub(crate) struct Options {
    /// Id of the service
    #[arg(value_name = "ID")]
    id: Digest,

    /// Only the log at this worker
    #[arg(long, value_name = "ADDRESS|NAME", value_parser = parse::account_address)]
    worker: Option<Address>,

    /// Number of the first line; each worker counts its own
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    from: u64,

    /// Where services are recorded.
    #[command(flatten)]
    record: RecordArgs,
}

/// Shows what the service has written at each worker that answers.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let folder = ServiceFolder::open(context, &options.record).await?;
    let service = folder.record.service(options.id)?;
    let manager = manager(context).await?;
    let (mut rows, mut answers) = (Vec::new(), 0_usize);
    let is_asked = |worker| options.worker.is_none_or(|only| only == worker);
    for place in service.places.into_iter().filter(|place| is_asked(place.worker)) {
        match manager.logs(place, options.from).await {
            Ok(logs) => {
                answers = answers.saturating_add(1);
                rows.extend(logs.lines.into_iter().map(|line| {
                    let stream = match line.stream {
                        LogStream::Stdout => "stdout",
                        LogStream::Stderr => "stderr",
                        LogStream::Host => "worker",
                    };
                    let (number, text) = (Cell::Count(line.number), Cell::text(line.text));
                    vec![Cell::address(place.worker), number, Cell::text(stream), text]
                }));
            }
            Err(error) => print_note(format_args!("{}: {error}", place.worker)),
        }
    }
    if answers == 0 {
        return Err(ServiceCommandError::NoLogs(options.id).into());
    }
    let table = Table::new("lines", ["worker", "number", "stream", "text"], rows);
    context.print(&CommandOutput::default().table(table))
}
