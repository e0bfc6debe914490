//! `muster service down`.

use clap::Args;
use muster_compute::Digest;

use crate::context::Context;
use crate::error::{CliError, ServiceCommandError};
use crate::options::heading;
use crate::options::service::RecordArgs;
use crate::output::{Cell, CommandOutput, Table, print_note};
use crate::service_folder::{ServiceFolder, manager};

/// Options of `muster service down`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster service down ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --account dev:cleo"
)]
pub(crate) struct Options {
    /// Id of the service
    #[arg(value_name = "ID")]
    id: Digest,

    /// Where services are recorded.
    #[command(flatten)]
    record: RecordArgs,
}

/// Ends a service at its workers. Its agreements go on, and can be used for something else.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let folder = ServiceFolder::open(context, &options.record).await?;
    // A process that serves it sees this, and ends.
    let service = folder.record.end(options.id)?;
    let manager = manager(context).await?;
    let (mut rows, mut missing) = (Vec::new(), 0_usize);
    for place in service.places {
        match manager.end(place).await {
            Ok(()) => {
                folder.record.remove_place(options.id, place)?;
                rows.push(vec![Cell::address(place.agreement), Cell::address(place.worker)]);
            }
            Err(error) => {
                missing = missing.saturating_add(1);
                print_note(format_args!("{}: {error}", place.worker));
            }
        }
    }
    if missing > 0 {
        return Err(ServiceCommandError::NotEnded { missing }.into());
    }
    for agreement in service.agreements {
        folder.record.release(options.id, agreement)?;
    }
    let output = CommandOutput::new([("ended", Cell::text(options.id))]);
    context.print(&output.table(Table::new("places", ["agreement", "worker"], rows)))
}
