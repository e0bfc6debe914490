//! What follows from an error: what to do about it, and the exit code.

use std::io;

use muster_client::{MarketError, NodeError};
use muster_compute::{BlobError, ModuleError, RunError};
use muster_daemons::client::JobsError;

use super::{CliError, JobCommandError};

/// The exit code of a command that was interrupted, as of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// The exit code of a command that has no result of a program, as of `docker run`.
const NO_RESULT: u8 = 125;

impl CliError {
    /// Whether the reader of standard output has read enough, which is no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            Self::WithoutResult(error) => error.is_closed_pipe(),
            _ => false,
        }
    }

    /// The error of a command that runs programs, and whose exit codes are theirs.
    pub(crate) fn without_result(self) -> Self {
        Self::WithoutResult(Box::new(self))
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ProgramFailed { code, .. } => *code,
            Self::Interrupted => INTERRUPTED,
            Self::WithoutResult(error) if matches!(**error, Self::Interrupted) => INTERRUPTED,
            Self::WithoutResult(_) => NO_RESULT,
            _ => 1,
        }
    }

    /// What to do, where the text of the error does not say it.
    pub(crate) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::WithoutResult(error) => error.advice(),
            Self::JobCommand(JobCommandError::Jobs(JobsError::Run(RunError::Blob(
                BlobError::Missing(_),
            )))) => Some("--with FILE adds it"),
            Self::JobCommand(JobCommandError::Module { source, .. })
                if matches!(**source, RunError::Module(ModuleError::Component)) =>
            {
                Some("`muster service up` hosts components that answer HTTP requests")
            }
            Self::Market(MarketError::Node(NodeError::Unreachable { .. })) => {
                Some("`muster devnode` starts one, --rpc names another")
            }
            Self::Market(MarketError::NoContract(_) | MarketError::InterfaceMismatch { .. }) => {
                Some("`muster deploy` makes a market, --market names another")
            }
            _ => None,
        }
    }
}
