//! `muster job fetch`.

use std::path::PathBuf;

use clap::Args;

use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::jobs::files::{print_blob, write_file};
use crate::jobs::folder::JobFolder;
use crate::jobs::id::JobName;
use crate::options::heading;
use crate::options::hire::JournalArgs;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster job fetch`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster job fetch ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --out results --account dev:cleo"
)]
pub(crate) struct Options {
    /// Id of the job, or its first digits
    #[arg(value_name = "ID")]
    id: JobName,

    /// Folder for the files that the job left, under the paths that the program gave them; without it, what it printed goes to
    /// standard output
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// Where jobs are kept.
    #[command(flatten)]
    journal: JournalArgs,
}

/// Writes what a job left: it is on this machine since the workers agreed on it.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (daemon_context, folder) = JobFolder::open_offline(context, &options.journal).await?;
    let job = options.id.find(daemon_context.store())?;
    let result = job.result.ok_or(JobCommandError::NotAgreed(job.id))?;
    let Some(out) = options.out else {
        if context.is_json() {
            return context.print(&CommandOutput::new([("stdout", Cell::text(result.stdout))]));
        }
        return print_blob(&folder.blobs, &result.stdout);
    };
    let mut rows = Vec::new();
    for file in &result.outputs {
        let path = file.path.names().fold(out.clone(), |path, name| path.join(name));
        write_file(&folder.blobs, &file.blob, &path)?;
        rows.push(vec![Cell::text(path.display()), Cell::Count(file.size)]);
    }
    context.print(&CommandOutput::default().table(Table::new("files", ["path", "size"], rows)))
}
