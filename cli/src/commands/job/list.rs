//! `muster job list`.

use clap::Args;
use muster_daemons::StoredJob;

use crate::clock::date;
use crate::context::Context;
use crate::error::CliError;
use crate::jobs::folder::JobFolder;
use crate::jobs::report::outcome_cell;
use crate::options::heading;
use crate::options::hire::JournalArgs;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster job list`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster job list --account dev:cleo"
)]
pub(crate) struct Options {
    /// Where jobs are kept.
    #[command(flatten)]
    journal: JournalArgs,
}

/// Lists the jobs, the oldest first.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (daemon_context, _) = JobFolder::open_offline(context, &options.journal).await?;
    let jobs = daemon_context.store().jobs()?;
    let rows = jobs.iter().map(|job| {
        let outcome = outcome_cell(job.result.as_ref());
        let (id, label) = (Cell::text(job.id), Cell::text(&job.label));
        let created = Cell::Count(job.created).noted(date(job.created));
        vec![id, label, Cell::text(state_name(job)), outcome, created]
    });
    let columns = ["job", "label", "state", "outcome", "created"];
    context.print(&CommandOutput::default().table(Table::new("jobs", columns, rows)))
}

/// Where a job stands.
pub(super) const fn state_name(job: &StoredJob) -> &'static str {
    match (&job.result, job.is_cancelled) {
        (Some(_), _) => "agreed",
        (None, true) => "cancelled",
        (None, false) => "open",
    }
}
