//! `muster service list`.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::options::service::RecordArgs;
use crate::output::{Cell, CommandOutput, Table};
use crate::service_folder::ServiceFolder;

/// Options of `muster service list`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster service list --account dev:cleo"
)]
pub(crate) struct Options {
    /// Where services are recorded.
    #[command(flatten)]
    record: RecordArgs,
}

/// Lists the services, the oldest first, and where they run.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let services = ServiceFolder::open(context, &options.record).await?.record.services()?;
    let rows = services.iter().map(|service| {
        let state = if service.is_ended { "down" } else { "up" };
        vec![
            Cell::text(service.id),
            Cell::text(&service.label),
            Cell::text(state),
            Cell::Count(service.created),
        ]
    });
    let places = services.iter().flat_map(|service| {
        service.places.iter().map(|place| {
            let (agreement, worker) = (Cell::address(place.agreement), Cell::address(place.worker));
            vec![Cell::text(service.id), agreement, worker]
        })
    });
    let output = CommandOutput::default()
        .table(Table::new("services", ["service", "label", "state", "created"], rows))
        .table(Table::new("places", ["service", "agreement", "worker"], places));
    context.print(&output)
}
