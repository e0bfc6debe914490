//! `muster job cancel`.

use std::collections::BTreeSet;

use clap::Args;
use muster_daemons::client::Jobs;

use crate::context::Context;
use crate::error::CliError;
use crate::jobs::folder::JobFolder;
use crate::jobs::hire::Hired;
use crate::jobs::id::JobName;
use crate::jobs::session::{SessionArgs, run_jobs};
use crate::options::heading;
use crate::options::hire::JournalArgs;
use crate::output::{Cell, CommandOutput};

/// Options of `muster job cancel`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster job cancel ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --account dev:cleo"
)]
pub(crate) struct Options {
    /// Id of the job, or its first digits
    #[arg(value_name = "ID")]
    id: JobName,

    /// Where jobs are kept.
    #[command(flatten)]
    journal: JournalArgs,
}

/// Cancels a job.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let Options { id, journal } = options;
    let (daemon_context, folder) = JobFolder::open(context, &journal, context.transport()?).await?;
    let store = daemon_context.store();
    let id = id.find(store)?.id;
    // If a worker cannot be reached, nobody runs the job again here at least.
    store.cancel_job(id)?;
    let open = store.job_answers(id)?.into_iter().filter(|answer| answer.result.is_none());
    let agreements: BTreeSet<_> = open.map(|answer| answer.agreement).collect();
    for agreement in agreements {
        let hired = Hired { agreement, replicas: 1 };
        let args = SessionArgs { journal: &journal, verify: None, timeout: None };
        let work = async |jobs: Jobs| Ok(jobs.cancel(id).await?);
        run_jobs(context, daemon_context.clone(), &folder, (hired, args), work).await?;
    }
    context.print(&CommandOutput::new([("cancelled", Cell::text(id))]))
}
