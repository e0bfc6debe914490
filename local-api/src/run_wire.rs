//! What responses about jobs say.

use alloy::primitives::Address;
use muster_compute::{Digest, JobResult, Outcome};
use muster_daemons::client::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A blob that is here.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct BlobInfo {
    /// Its SHA-256, in hexadecimal digits.
    #[schema(value_type = String)]
    pub(crate) digest: Digest,
    /// Its length in bytes.
    pub(crate) size: u64,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunState {
    /// Workers are asked.
    Running,
    /// There is a verdict.
    Finished,
    /// It cannot go on: `failure` says why.
    Failed,
    /// Somebody has cancelled it.
    Cancelled,
}

impl RunState {
    /// All of them.
    const ALL: [Self; 4] = [Self::Running, Self::Finished, Self::Failed, Self::Cancelled];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Whether the workers that were asked agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RunVerdict {
    /// As many as were asked for signed the same result, and fewer signed others.
    Agreed,
    /// One result is believed, and fewer workers signed it than were asked for.
    TooFew,
    /// No result has a majority.
    Disputed,
    /// No worker signed a result.
    Unanswered,
}

impl From<Verdict> for RunVerdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Agreed => Self::Agreed,
            Verdict::TooFew => Self::TooFew,
            Verdict::Disputed => Self::Disputed,
            Verdict::Unanswered => Self::Unanswered,
        }
    }
}

/// A file that the program left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct FileInfo {
    /// Where it left it.
    path: String,
    /// Its content.
    #[schema(value_type = String)]
    blob: Digest,
    /// Its length in bytes.
    size: u64,
}

/// The result that is believed. Its blobs are here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ResultInfo {
    /// Its digest, which workers sign.
    #[schema(value_type = Option<String>)]
    digest: Option<Digest>,
    /// The program's exit code; `null` if it trapped.
    exit_code: Option<u32>,
    /// Why it trapped, as a worker says.
    trap: Option<String>,
    /// The blob of standard output.
    #[schema(value_type = String)]
    stdout: Digest,
    /// The blob of standard error, which is not compared.
    #[schema(value_type = Option<String>)]
    stderr: Option<Digest>,
    /// The files that it left.
    files: Vec<FileInfo>,
}

impl ResultInfo {
    /// A result, with what is not compared.
    pub(crate) fn new(result: &JobResult, trap: Option<String>, stderr: Option<Digest>) -> Self {
        let exit_code = match result.outcome {
            Outcome::Exit(code) => Some(code),
            Outcome::Trap => None,
        };
        let files = result.outputs.iter().map(|file| FileInfo {
            path: file.path.as_str().to_owned(),
            blob: file.blob,
            size: file.size,
        });
        let (digest, stdout) = (result.digest().ok(), result.stdout);
        Self { digest, exit_code, trap, stdout, stderr, files: files.collect() }
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunOutcome {
    /// Whether the workers agree.
    pub(crate) verdict: RunVerdict,
    /// The result that is believed.
    pub(crate) result: Option<ResultInfo>,
    /// The blob of signed results that contradict each other.
    pub(crate) evidence: Option<Digest>,
}

/// A worker that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AnswerInfo {
    /// Its account.
    #[schema(value_type = String)]
    pub(crate) worker: Address,
    /// The agreement in which it was asked.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// The digest of the result that it signed.
    #[schema(value_type = Option<String>)]
    pub(crate) result: Option<Digest>,
    /// Its signature, which was verified.
    pub(crate) signature: Option<String>,
    /// Processor time in milliseconds, as it says.
    pub(crate) cpu_ms: Option<u64>,
    /// Why the program trapped, as it says.
    pub(crate) trap: Option<String>,
    /// Why there is no result, if it was given up.
    pub(crate) failure: Option<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RunInfo {
    /// Its id: that of its job.
    #[schema(value_type = String)]
    pub(crate) id: Digest,
    /// What people call it.
    pub(crate) name: String,
    /// The agreement in which it is run.
    #[schema(value_type = String)]
    pub(crate) agreement: Address,
    /// How many workers must sign the same result.
    pub(crate) replicas: u8,
    /// The Unix second in which it was started last.
    pub(crate) created: u64,
    /// How it stands.
    pub(crate) state: RunState,
    /// Whether the workers agree, once it is finished.
    pub(crate) verdict: Option<RunVerdict>,
    /// The result that is believed, once it is finished.
    pub(crate) result: Option<ResultInfo>,
    /// The workers that were asked so far.
    pub(crate) answers: Vec<AnswerInfo>,
    /// The blob of signed results that contradict each other, which `muster job verify` checks.
    #[schema(value_type = Option<String>)]
    pub(crate) evidence: Option<Digest>,
    /// Why it failed.
    pub(crate) failure: Option<String>,
}

/// Runs, the latest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RunList {
    /// The runs.
    pub(crate) runs: Vec<RunInfo>,
}

/// One of several runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MapRun {
    /// The name of its input.
    pub(crate) name: String,
    /// The id of the run.
    #[schema(value_type = String)]
    pub(crate) id: Digest,
}

/// Runs that were started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MapInfo {
    /// The runs, in the order of the inputs.
    pub(crate) runs: Vec<MapRun>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in RunState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
            assert_eq!(RunState::parse(state.name()), Some(state));
        }
        assert_eq!(RunState::parse("other"), None);
    }
}
