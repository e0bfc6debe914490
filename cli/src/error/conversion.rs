//! Errors of other crates as those of commands.

use muster_compute::{BlobError, JobError};
use muster_daemons::client::{JobsError, ServicesError};
use muster_daemons::{DaemonError, RecordError};
use muster_index::IndexError;

use super::{CliError, JobCommandError, ServiceCommandError};
use crate::clock::ClockError;
use crate::program_file::ProgramFileError;

impl From<DaemonError> for CliError {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Market(error) => Self::Market(error),
            DaemonError::Message(error) => Self::Message(error),
            other => Self::Daemon(other),
        }
    }
}

impl From<IndexError> for CliError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Market(error) => Self::Market(error),
            other => Self::Index(other),
        }
    }
}

impl From<ClockError> for CliError {
    fn from(error: ClockError) -> Self {
        match error {
            ClockError::Market(error) => Self::Market(error),
            other => Self::Clock(other),
        }
    }
}

impl From<JobsError> for CliError {
    fn from(error: JobsError) -> Self {
        JobCommandError::from(error).into()
    }
}

impl From<ServicesError> for CliError {
    fn from(error: ServicesError) -> Self {
        ServiceCommandError::from(error).into()
    }
}

impl From<RecordError> for CliError {
    fn from(error: RecordError) -> Self {
        ServiceCommandError::from(error).into()
    }
}

impl From<BlobError> for CliError {
    fn from(error: BlobError) -> Self {
        JobCommandError::from(error).into()
    }
}

impl From<JobError> for CliError {
    fn from(error: JobError) -> Self {
        JobCommandError::from(error).into()
    }
}

impl From<ProgramFileError> for CliError {
    fn from(error: ProgramFileError) -> Self {
        JobCommandError::from(error).into()
    }
}
