//! `muster map`: one job for each file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use futures::stream::{FuturesUnordered, StreamExt};
use indicatif::ProgressBar;
use muster_compute::Outcome;
use muster_daemons::client::{JobReport, JobRequest, Jobs, Verdict, fill_arguments};

use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::jobs::document::Program;
use crate::jobs::files::{OutputPlace, missing_outputs, print_blob_to_stderr, write_outputs};
use crate::jobs::folder::JobFolder;
use crate::jobs::hire::{HireRequest, hire};
use crate::jobs::report::{
    failure_text, not_agreed, note_report, outcome_cell, trap_cell, verdict_name,
};
use crate::jobs::session::run_jobs;
use crate::options::heading;
use crate::options::hire::HireArgs;
use crate::options::program::ProgramArgs;
use crate::output::{Cell, CommandOutput, Table, print_note};
use crate::program_file::{ProgramFile, file_name, parse_file};
use crate::progress;

/// The shape of the progress bar.
const BAR: &str = "{wide_bar} {pos}/{len} jobs ({elapsed}, {eta} left)";

/// One of so many jobs is run on this machine too, with `--verify local`; the first one always is.
const SAMPLE: usize = 8;

/// Options of `muster map`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Example:\n  muster map resize.wasm --each a.jpg b.jpg --out thumbs --workers 4 -- {in} {out}"
)]
pub(crate) struct Options {
    /// WebAssembly module: a command of WASI preview 1
    #[arg(value_name = "FILE")]
    module: PathBuf,

    /// Files, each of which is the input of a job; their names differ
    #[arg(long, value_name = "FILES", num_args = 1.., required = true)]
    each: Vec<PathBuf>,

    /// Folder for the outputs, each under the name of its input
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,

    /// Workers of an agreement that is bought, among which the jobs are divided [default: --replicas]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    workers: Option<u8>,

    /// What every program gets.
    #[command(flatten)]
    program: ProgramArgs,

    /// Who runs them.
    #[command(flatten)]
    hire: HireArgs,

    /// Arguments of the program; {in} and {out} are the paths of its input and its output
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// A job for one file, and where its output goes.
struct Task {
    /// The job.
    request: JobRequest,
    /// The place of its output.
    place: OutputPlace,
}

/// How a job for one file ended.
struct Ended {
    /// The name of the file.
    name: String,
    /// The report, or why there is none.
    report: Result<JobReport, CliError>,
    /// That it left no output, if it did not.
    missing: Option<String>,
}

/// Runs all jobs. Exits with 1 if a program failed, and with 125 if a job has no agreed result.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let ended = run_all(context, &options).await.map_err(CliError::without_result)?;
    let rows = ended.iter().map(row);
    let columns = ["file", "job", "verdict", "outcome", "trap", "failure"];
    context.print(&CommandOutput::default().table(Table::new("jobs", columns, rows)))?;
    let is_agreed =
        |ended: &Ended| ended.report.as_ref().is_ok_and(|report| report.verdict == Verdict::Agreed);
    let missing = ended.iter().filter(|ended| !is_agreed(ended)).count();
    if missing > 0 {
        let (missing, all) = (missing, ended.len());
        let error = CliError::from(JobCommandError::JobsMissing { missing, all });
        return Err(error.without_result());
    }
    let failures: Vec<_> = ended.iter().filter_map(failure).collect();
    let Some(first) = failures.first() else { return Ok(()) };
    let (failed, all) = (failures.len(), ended.len());
    let reason = format!("the program failed for {failed} of {all} files, the first one {first}");
    Err(CliError::ProgramFailed { code: 1, reason })
}

/// The file and the reason of a program that failed.
fn failure(ended: &Ended) -> Option<String> {
    let report = ended.report.as_ref().ok()?;
    let outcome = report.result.as_ref()?.outcome;
    let text = match outcome {
        Outcome::Exit(0) => ended.missing.clone()?,
        _ => failure_text(outcome, report.trap.as_deref()),
    };
    Some(format!("{}: {text}", ended.name))
}

/// A job in the table of results.
fn row(ended: &Ended) -> Vec<Cell> {
    let name = Cell::text(&ended.name);
    match &ended.report {
        Ok(report) => {
            let outcome = outcome_cell(report.result.as_ref());
            let verdict = Cell::text(verdict_name(report.verdict));
            let failure = match report.verdict {
                Verdict::Agreed => ended.missing.as_ref().map_or(Cell::None, Cell::text),
                _ => Cell::text(not_agreed(report)),
            };
            vec![name, Cell::text(report.job), verdict, outcome, trap_cell(report), failure]
        }
        Err(error) => {
            vec![name, Cell::None, Cell::None, Cell::None, Cell::None, Cell::text(error)]
        }
    }
}

/// Runs a job for each file.
async fn run_all(context: &Context, options: &Options) -> Result<Vec<Ended>, CliError> {
    let (daemon_context, folder) =
        JobFolder::open(context, &options.hire.journal, context.transport()?).await?;
    let program = Program::open(&folder.blobs, &options.module, &options.program)?;
    let mut tasks = tasks(options, &folder, &program)?;
    let (workers, limits) = (options.workers, options.program.limits());
    let hired =
        hire(context, &daemon_context, HireRequest::for_jobs(&options.hire, workers, limits))
            .await?;
    for task in &mut tasks {
        task.request.replicas = hired.replicas;
    }
    let bar = progress::bar(context, u64::try_from(tasks.len()).unwrap_or(u64::MAX), BAR);
    let work = async |jobs: Jobs| {
        let mut running: FuturesUnordered<_> =
            tasks.into_iter().map(|task| run_task(&folder, &jobs, &bar, task)).collect();
        let mut all = Vec::new();
        while let Some(ended) = running.next().await {
            note(&bar, &ended);
            all.push(ended);
            bar.inc(1);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    };
    run_jobs(context, daemon_context.clone(), &folder, (hired, (&options.hire).into()), work).await
}

/// The jobs, which differ in their input.
fn tasks(options: &Options, folder: &JobFolder, program: &Program) -> Result<Vec<Task>, CliError> {
    let (mut names, mut tasks) = (BTreeSet::new(), Vec::new());
    for (number, path) in options.each.iter().enumerate() {
        let name = file_name(path)?;
        if !names.insert(name) {
            return Err(JobCommandError::SameName(name.into()).into());
        }
        let input: ProgramFile = parse_file(&path.display().to_string())?;
        let place = OutputPlace::new(&options.out.join(name).display().to_string())?;
        let (inside, output) = (input.program_path("/in")?, place.output.path().clone());
        let arguments = fill_arguments(&options.arguments, inside.as_str(), output.as_str());
        let outputs = vec![place.output.clone()];
        let job = program.job(&folder.blobs, &arguments, Some(&input), outputs)?;
        let verify_here = options.hire.verify.is_some() && number.is_multiple_of(SAMPLE);
        let request = JobRequest { job, label: name.to_owned(), replicas: 1, verify_here };
        tasks.push(Task { request, place });
    }
    Ok(tasks)
}

/// Runs one job, and writes its output if the workers agree; prints what it wrote to standard error above the progress bar.
async fn run_task(folder: &JobFolder, jobs: &Jobs, bar: &ProgressBar, task: Task) -> Ended {
    let Task { request, place } = task;
    let name = request.label.clone();
    let places = [place];
    let mut missing = None;
    let run = async {
        let report = jobs.run(request).await?;
        if let (Some(result), Verdict::Agreed) = (&report.result, report.verdict) {
            write_outputs(&folder.blobs, result, &places)?;
            missing = missing_outputs(result, &places);
        }
        if let Some(stderr) = &report.stderr
            && folder.blobs.size(stderr)?.is_some_and(|size| size > 0)
        {
            bar.suspend(|| {
                print_note(format_args!("{name}, standard error:"));
                print_blob_to_stderr(&folder.blobs, stderr)
            })?;
        }
        Ok(report)
    };
    Ended { report: run.await, name, missing }
}

/// Says what is wrong with a job, above the progress bar.
fn note(bar: &ProgressBar, ended: &Ended) {
    bar.suspend(|| match &ended.report {
        Ok(report) if report.verdict == Verdict::Agreed && report.evidence.is_none() => {}
        Ok(report) => {
            print_note(format_args!("{}:", ended.name));
            note_report(report);
        }
        Err(error) => print_note(format_args!("{}: {error}", ended.name)),
    });
}
