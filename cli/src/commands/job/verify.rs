//! `muster job verify`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;
use clap::Args;
use muster_compute::{Digest, Job};
use muster_daemons::client::{Evidence, JobsError, wrong_workers};

use crate::context::Context;
use crate::error::{CliError, JobCommandError};
use crate::jobs::document::put_file;
use crate::jobs::folder::JobFolder;
use crate::jobs::id::JobName;
use crate::options::heading;
use crate::options::hire::JournalArgs;
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster job verify`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  \
        muster job verify ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad --account dev:cleo\n  \
        muster job verify evidence.json --with primes.wasm"
)]
pub(crate) struct Options {
    /// Id of a job, or its first digits, or a file of evidence
    #[arg(value_name = "ID|FILE")]
    subject: String,

    /// Module or input of the job; those in the folder `blobs` beside the file of evidence are known
    #[arg(long = "with", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Where jobs are kept.
    #[command(flatten)]
    journal: JournalArgs,
}

/// What workers signed, by account.
type Signed = BTreeMap<Address, BTreeSet<Digest>>;

/// Verifies a job or evidence.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    match options.subject.parse() {
        Ok(name) if !Path::new(&options.subject).exists() => {
            verify_job(context, &options, &name).await
        }
        _ => verify_evidence(context, &options).await,
    }
}

/// Runs a job of the account, and compares the result with the one that workers agreed on.
async fn verify_job(context: &Context, options: &Options, name: &JobName) -> Result<(), CliError> {
    let (daemon_context, folder) = JobFolder::open_offline(context, &options.journal).await?;
    let store = daemon_context.store();
    let stored = name.find(store)?;
    let id = stored.id;
    let mut signed = Signed::new();
    for answer in store.job_answers(id)? {
        let digest = answer.result.and_then(|(result, _)| result.digest().ok());
        signed.entry(answer.worker).or_default().extend(digest);
    }
    let job = Job::parse(&stored.document)?;
    let local = run_here(&folder, options, &job).await?;
    print(context, id, &signed, Some(local))?;
    let agreed = stored.result.and_then(|result| result.digest().ok());
    match agreed {
        None => Err(JobCommandError::NotAgreed(id).into()),
        Some(agreed) if agreed == local => Ok(()),
        Some(agreed) => Err(JobCommandError::WrongResult { agreed, local }.into()),
    }
}

/// Checks a file of evidence. The job is run only if no worker contradicts itself.
async fn verify_evidence(context: &Context, options: &Options) -> Result<(), CliError> {
    let path = Path::new(&options.subject);
    let text =
        fs::read_to_string(path).map_err(|source| CliError::Read { path: path.into(), source })?;
    let invalid = |source| JobCommandError::NotEvidence { path: path.into(), source };
    let evidence: Evidence = serde_json::from_str(&text).map_err(|error| invalid(error.into()))?;
    let (job, signed) = evidence.check().map_err(|error| invalid(error.into()))?;
    let beside = path.parent().filter(|folder| folder.join("blobs").is_dir());
    let mut local = None;
    if wrong_workers(&signed, None).is_empty() {
        let own = || context.state_folder().join("verify.files");
        let folder = JobFolder::at(beside.map_or_else(own, Path::to_owned))?;
        local = Some(run_here(&folder, options, &job).await?);
    }
    print(context, job.id(), &signed, local)?;
    let holds = !wrong_workers(&signed, local).is_empty();
    if holds { Ok(()) } else { Err(JobCommandError::EvidenceFails.into()) }
}

/// Runs a job on this machine, and returns the digest of its result.
async fn run_here(folder: &JobFolder, options: &Options, job: &Job) -> Result<Digest, CliError> {
    for file in &options.files {
        put_file(&folder.blobs, file)?;
    }
    let execution = folder.local_runner()?.run(job).await?;
    Ok(execution.result.digest().map_err(JobsError::Result)?)
}

/// Prints what workers signed, and who is wrong.
fn print(
    context: &Context,
    job: Digest,
    signed: &Signed,
    local: Option<Digest>,
) -> Result<(), CliError> {
    let wrong = wrong_workers(signed, local);
    let rows = signed.iter().flat_map(|(worker, digests)| {
        let is_wrong = wrong.contains(worker);
        digests.iter().map(move |digest| {
            vec![Cell::address(worker), Cell::text(digest), Cell::Flag(is_wrong)]
        })
    });
    let local = local.map_or(Cell::None, Cell::text);
    let output = CommandOutput::new([("job", Cell::text(job)), ("local", local)]);
    context.print(&output.table(Table::new("signed", ["worker", "result", "wrong"], rows)))
}
