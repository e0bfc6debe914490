//! A job that a user names by its id, or by the first digits of it.

use std::str::FromStr;

use muster_compute::Digest;
use muster_daemons::client::JobsError;
use muster_daemons::{Store, StoredJob};

use crate::error::{CliError, JobCommandError};

/// The fewest digits that name a job.
const FEWEST: usize = 4;

/// The digits of an id.
const DIGITS: usize = 64;

/// The id of a job, or its first digits.
#[derive(Clone, Debug)]
pub(crate) struct JobName(String);

/// A text that begins no id.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected the id of a job, {FEWEST} to {DIGITS} hexadecimal digits from its start: `muster job list` shows them"
)]
pub(crate) struct NoJobName;

impl FromStr for JobName {
    type Err = NoJobName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_id = (FEWEST..=DIGITS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_id { Ok(Self(text.to_ascii_lowercase())) } else { Err(NoJobName) }
    }
}

impl JobName {
    /// The only job whose id begins so.
    ///
    /// # Errors
    /// [`JobsError::NoJob`], [`JobCommandError::NoSuchJob`], [`JobCommandError::ManyJobs`], or the state file cannot be read.
    pub(crate) fn find(&self, store: &Store) -> Result<StoredJob, CliError> {
        if let Ok(id) = self.0.parse::<Digest>() {
            return Ok(store.job(id)?.ok_or(JobsError::NoJob(id))?);
        }
        let mut jobs = store.jobs()?;
        jobs.retain(|job| job.id.to_string().starts_with(&self.0));
        match jobs.len() {
            0 => Err(JobCommandError::NoSuchJob(self.0.clone()).into()),
            1 => Ok(jobs.swap_remove(0)),
            count => Err(JobCommandError::ManyJobs { start: self.0.clone(), count }.into()),
        }
    }
}
