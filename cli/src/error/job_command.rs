//! Errors of the commands of jobs.

use std::path::PathBuf;

use alloy::primitives::Address;
use muster_client::{BoxError, Ether};
use muster_compute::{BlobError, Digest, JobError, RunError};
use muster_daemons::client::{HireError, JobsError};

use crate::program_file::ProgramFileError;

/// Why a job cannot be run, bought or verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobCommandError {
    /// Jobs that cannot go on.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// A blob that cannot be read or kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A job that the profile does not have.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A path that a program cannot have.
    #[error(transparent)]
    ProgramFile(#[from] ProgramFileError),
    /// A module that no worker runs.
    #[error("{path}: {source}")]
    Module {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<RunError>,
    },
    /// Two files of the same name.
    #[error(
        "two files are called {0}, and their outputs would be one: rename a file, or run `map` twice"
    )]
    SameName(Box<str>),
    /// No agreement, for another reason.
    #[error(transparent)]
    Hire(Box<HireError>),
    /// An agreement of another application.
    #[error("agreement {0} is not for jobs: its application is not wasm1")]
    NotForJobs(Address),
    /// First digits of no job's id.
    #[error(
        "no job of this state file has an id that begins with {0}: `muster job list` shows all"
    )]
    NoSuchJob(String),
    /// First digits of several jobs' ids.
    #[error(
        "{count} jobs have ids that begin with {start}: give more digits; `muster job list` shows all"
    )]
    ManyJobs {
        /// The digits.
        start: String,
        /// How many jobs.
        count: usize,
    },
    /// A purchase without a budget.
    #[error("no agreement runs that could be used, and one costs {0}: give --budget to buy it")]
    NoBudget(Ether),
    /// A purchase beyond the budget.
    #[error(
        "an agreement costs {price}, more than the budget of {budget}: raise --budget, or shorten --length"
    )]
    OverBudget {
        /// The price.
        price: Ether,
        /// The budget.
        budget: Ether,
    },
    /// No relay carries messages.
    #[error(
        "no relay can be reached at {0}, so workers cannot be asked what they take: check that it runs, or name another with --relay \
         or MUSTER_RELAY"
    )]
    NoRelay(String),
    /// Fewer workers for sale than are wanted.
    #[error(
        "{wanted} workers are wanted, and {for_sale} are for sale: the others have no free slot, or do not fit the length; `muster \
         worker list --application wasm1` shows them; ask for fewer --replicas or a shorter --length, or try later"
    )]
    TooFewForSale {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        for_sale: usize,
    },
    /// Workers that take smaller jobs, or do not answer.
    #[error(
        "{wanted} workers are wanted, and {fitting} of those for sale take a job of {needs}{said}: lower --memory, --storage or \
         --time, or ask for fewer --replicas"
    )]
    TooFewWorkersFit {
        /// How many were asked for.
        wanted: usize,
        /// How many would do.
        fitting: usize,
        /// What the job needs.
        needs: String,
        /// What each worker said, each after a semicolon.
        said: String,
    },
    /// A purchase that somebody did not want.
    #[error("nothing was bought")]
    Declined,
    /// A job without an agreed result.
    #[error(
        "the workers do not agree on job {0}: `muster job show` shows what they signed, `muster job verify` runs it here"
    )]
    NotAgreed(Digest),
    /// A job of which no worker signed a result.
    #[error("no worker has a result of job {job}: {failures}: repeat the command to ask again")]
    NoResult {
        /// The job.
        job: Digest,
        /// What each worker failed with.
        failures: String,
    },
    /// A job of which fewer workers signed a result than were asked for.
    #[error(
        "too few workers have signed the result of job {job}: {failures}: repeat the command to ask again, or ask for fewer \
         --replicas"
    )]
    TooFewResults {
        /// The job.
        job: Digest,
        /// What the others failed with.
        failures: String,
    },
    /// Some of many jobs without an agreed result.
    #[error("{missing} of {all} jobs have no agreed result: repeat the command to go on")]
    JobsMissing {
        /// The jobs without a result.
        missing: usize,
        /// All jobs.
        all: usize,
    },
    /// A file that is no evidence.
    #[error("{path} is no evidence: {source}")]
    NotEvidence {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BoxError,
    },
    /// Evidence against nobody.
    #[error("the evidence does not hold: no worker signed a wrong result")]
    EvidenceFails,
    /// A result that is not that of this machine.
    #[error("the workers agreed on result {agreed}, and this machine has {local}")]
    WrongResult {
        /// What they agreed on.
        agreed: Digest,
        /// What this machine has.
        local: Digest,
    },
}
