//! `muster run`: a WebAssembly program, run by workers whose results are compared.

use std::path::PathBuf;

use clap::Args;
use muster_compute::Outcome;
use muster_daemons::client::{JobReport, JobRequest, Jobs, Verdict};

use crate::context::Context;
use crate::error::CliError;
use crate::jobs::document::Program;
use crate::jobs::exit_code::exit_code;
use crate::jobs::files::{
    OutputPlace, missing_outputs, print_blob, print_blob_to_stderr, write_outputs,
};
use crate::jobs::folder::JobFolder;
use crate::jobs::hire::{HireRequest, hire};
use crate::jobs::report::{failure_text, not_agreed, note_report, report_output};
use crate::jobs::session::run_jobs;
use crate::options::heading;
use crate::options::hire::HireArgs;
use crate::options::program::ProgramArgs;
use crate::output::{Cell, Table};
use crate::program_file::file_name;
use crate::progress;

/// Options of `muster run`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster run primes.wasm --account dev:cleo --budget 0.03eth -- 1000000\n  \
        muster run resvg.wasm --in logo.svg --out logo.png -- /in/logo.svg /out/logo.png"
)]
pub(crate) struct Options {
    /// WebAssembly module: a command of WASI preview 1
    #[arg(value_name = "FILE")]
    module: PathBuf,

    /// File or folder for what the program leaves below /out, or where :/PATH after it says; a folder ends with a slash
    #[arg(long = "out", value_name = "PATH[:/PATH]")]
    outputs: Vec<String>,

    /// What the program gets.
    #[command(flatten)]
    program: ProgramArgs,

    /// Who runs it.
    #[command(flatten)]
    hire: HireArgs,

    /// Arguments of the program
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Runs the program; ends with its exit code.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let ended = run_program(context, &options).await.map_err(CliError::without_result)?;
    let code = exit_code(ended.outcome);
    if code != 0 {
        let how = failure_text(ended.outcome, ended.trap.as_deref());
        let reason = format!("the program failed: {how}");
        return Err(CliError::ProgramFailed { code, reason });
    }
    ended.missing.map_or(Ok(()), |reason| Err(CliError::ProgramFailed { code: 1, reason }))
}

/// How a program ended.
struct Ended {
    /// Its outcome.
    outcome: Outcome,
    /// Why it trapped, if it did.
    trap: Option<String>,
    /// Which outputs it did not leave.
    missing: Option<String>,
}

/// Runs the program, and returns how it ended once the workers agree.
async fn run_program(context: &Context, options: &Options) -> Result<Ended, CliError> {
    let places = options.outputs.iter().map(|text| OutputPlace::new(text));
    let places = places.collect::<Result<Vec<_>, _>>()?;
    let (daemon_context, folder) =
        JobFolder::open(context, &options.hire.journal, context.transport()?).await?;
    let program = Program::open(&folder.blobs, &options.module, &options.program)?;
    let outputs = places.iter().map(|place| place.output.clone()).collect();
    let job = program.job(&folder.blobs, &options.arguments, None, outputs)?;
    let request = HireRequest::for_jobs(&options.hire, None, options.program.limits());
    let hired = hire(context, &daemon_context, request).await?;
    let request = JobRequest {
        job,
        label: file_name(&options.module)?.to_owned(),
        replicas: hired.replicas,
        verify_here: options.hire.verify.is_some(),
    };
    let spinner = progress::spinner(context, "running");
    let work = async |jobs: Jobs| Ok(jobs.run(request).await?);
    let report =
        run_jobs(context, daemon_context, &folder, (hired, (&options.hire).into()), work).await?;
    drop(spinner);
    finish(context, &folder, &places, &report)
}

/// Writes what the program left, says who ran it, and returns how it ended.
fn finish(
    context: &Context,
    folder: &JobFolder,
    places: &[OutputPlace],
    report: &JobReport,
) -> Result<Ended, CliError> {
    note_report(report);
    let (Some(result), Verdict::Agreed) = (&report.result, report.verdict) else {
        if context.is_json() {
            context.print(&report_output(report))?;
        }
        return Err(not_agreed(report).into());
    };
    let written = write_outputs(&folder.blobs, result, places)?;
    if let Some(stderr) = &report.stderr {
        print_blob_to_stderr(&folder.blobs, stderr)?;
    }
    if context.is_json() {
        let rows = written.iter().map(|path| vec![Cell::text(path.display())]);
        context.print(&report_output(report).table(Table::new("files", ["path"], rows)))?;
    } else {
        print_blob(&folder.blobs, &result.stdout)?;
    }
    let missing = missing_outputs(result, places);
    Ok(Ended { outcome: result.outcome, trap: report.trap.clone(), missing })
}
