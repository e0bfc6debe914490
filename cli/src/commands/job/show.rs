//! `muster job show`.

use std::time::Duration;

use clap::Args;
use indicatif::HumanBytes;
use muster_compute::Job;

use super::list::state_name;
use crate::clock::date;
use crate::context::Context;
use crate::error::CliError;
use crate::jobs::folder::JobFolder;
use crate::jobs::id::JobName;
use crate::jobs::report::outcome_cell;
use crate::options::heading;
use crate::options::hire::JournalArgs;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster job show`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster job show ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --account dev:cleo"
)]
pub(crate) struct Options {
    /// Id of the job, or its first digits
    #[arg(value_name = "ID")]
    id: JobName,

    /// Where jobs are kept.
    #[command(flatten)]
    journal: JournalArgs,
}

/// Shows a job.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (daemon_context, _) = JobFolder::open_offline(context, &options.journal).await?;
    let store = daemon_context.store();
    let job = options.id.find(store)?;
    let document = Job::parse(&job.document)?.document().clone();
    let result = job.result.as_ref();
    let optional = |text: Option<String>| text.map_or(Cell::None, Cell::Text);
    let limits = document.limits;
    let fields = [
        ("job", Cell::text(job.id)),
        ("label", Cell::text(&job.label)),
        ("state", Cell::text(state_name(&job))),
        ("created", Cell::Count(job.created).noted(date(job.created))),
        ("module", Cell::text(document.module)),
        ("arguments", Cell::text(document.arguments.join(" "))),
        ("stdin", document.stdin.map_or(Cell::None, Cell::text)),
        ("memory", bytes(limits.memory)),
        ("storage", bytes(limits.storage)),
        ("time_ms", milliseconds(limits.time)),
        ("outcome", outcome_cell(result)),
        ("result", optional(result.and_then(|r| r.digest().ok()).map(|d| d.to_string()))),
        ("stdout", optional(result.map(|result| result.stdout.to_string()))),
    ];
    let inputs =
        document.inputs.iter().map(|input| vec![Cell::text(&input.path), Cell::text(input.blob)]);
    let outputs = result
        .into_iter()
        .flat_map(|result| &result.outputs)
        .map(|file| vec![Cell::text(&file.path), Cell::text(file.blob), Cell::Count(file.size)]);
    let answers = store.job_answers(job.id)?.into_iter().map(|answer| {
        let digest = answer.result.as_ref().and_then(|(result, _)| result.digest().ok());
        let signature = answer.result.as_ref().map(|(_, signature)| signature.to_string());
        let (worker, agreement) = (Cell::address(answer.worker), Cell::address(answer.agreement));
        let digest = optional(digest.map(|d| d.to_string()));
        let (trap, failure) = (optional(answer.trap), optional(answer.failure));
        vec![worker, agreement, digest, trap, failure, optional(signature)]
    });
    let answer_columns = ["worker", "agreement", "result", "trap", "failure", "signature"];
    let output = CommandOutput::new(fields)
        .table(Table::new("inputs", ["path", "blob"], inputs))
        .table(Table::new("outputs", ["path", "blob", "size"], outputs))
        .table(Table::new("answers", answer_columns, answers));
    context.print(&output)
}

/// A number of bytes, with a unit for people.
fn bytes(count: u64) -> Cell {
    Cell::Count(count).noted(Some(HumanBytes(count).to_string()))
}

/// A time in milliseconds, with a unit for people.
fn milliseconds(count: u64) -> Cell {
    let text = humantime::format_duration(Duration::from_millis(count)).to_string();
    Cell::Count(count).noted(Some(text))
}
