//! Why jobs cannot go on.

use std::io;
use std::path::PathBuf;

use muster_client::MarketError;
use muster_compute::{BlobError, Digest, JobError, ResultError, RunError, StartError};

use crate::store::StoreError;

/// Why a job has no report. A worker that fails is no such error: the report says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobsError {
    /// The state file failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No node could be asked about the agreement.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A blob could not be read or kept on this machine.
    #[error("{0}{remedy}", remedy = remedy(.0))]
    Blob(#[from] BlobError),
    /// No job can be run on this machine.
    #[error("cannot run jobs on this machine: {0}")]
    Start(#[from] StartError),
    /// The job has no result on this machine.
    #[error("the job has no result on this machine: {0}")]
    Run(#[from] RunError),
    /// The job document that is stored is malformed.
    #[error("the stored job is malformed: {0}: use another state file")]
    Document(#[from] JobError),
    /// A result that is not in canonical order.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// There is no such job.
    #[error("job {0} is not in this state file: list the jobs, or name the state file")]
    NoJob(Digest),
    /// The job was cancelled.
    #[error("job {0} was cancelled: submit it again to run it")]
    Cancelled(Digest),
    /// The agreement ended before the job did.
    #[error(
        "the agreement ended before job {0} had a result: run the job again, in another agreement"
    )]
    Ended(Digest),
    /// No worker that agrees on the result has sent a blob of it.
    #[error("no worker sends blob {blob} of job {job}: {reason}")]
    NoOutput {
        /// The job.
        job: Digest,
        /// The blob.
        blob: Digest,
        /// What the last worker failed with.
        reason: Box<str>,
    },
    /// A file could not be written.
    #[error("cannot write {path}: {source}: free space, or choose another place")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// What helps against the failure of a blob.
const fn remedy(error: &BlobError) -> &'static str {
    match error {
        BlobError::Full(_) => {
            ": free space, and run it again: it goes on from there, and nothing is paid twice"
        }
        _ => "",
    }
}
