//! The exit code of a command that failed.

use std::io;

use super::CliError;

/// The exit code of a command that was interrupted, as of a program that SIGINT ended.
const INTERRUPTED: u8 = 130;

/// The exit code of a command that has no result of a program, as of `docker run`.
const NO_RESULT: u8 = 125;

impl CliError {
    /// Whether the reader of standard output has read enough, which is no failure.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error of a command that runs programs, and whose exit codes are theirs.
    pub(crate) fn without_result(self) -> Self {
        Self::WithoutResult(Box::new(self))
    }

    /// The exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::ProgramFailed(code) => *code,
            Self::Interrupted => INTERRUPTED,
            Self::WithoutResult(error) if matches!(**error, Self::Interrupted) => INTERRUPTED,
            Self::WithoutResult(_) => NO_RESULT,
            _ => 1,
        }
    }
}
