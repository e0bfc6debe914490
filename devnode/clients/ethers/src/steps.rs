//! Steps that print one line each.

use std::{error::Error, fmt::Debug, process::ExitCode};

/// The result of a step. Any error is only printed.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The steps so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Whether one of them failed.
    failed: bool,
}

impl Steps {
    /// Runs a step and returns its result, or `None` if it failed.
    pub(crate) async fn run<T>(
        &mut self,
        title: &str,
        step: impl Future<Output = Outcome<T>>,
    ) -> Option<T> {
        match step.await {
            Ok(result) => {
                println!("ok    ethers: {title}");
                Some(result)
            }
            Err(error) => {
                self.failed = true;
                println!("FAIL  ethers: {title}: {}", error.to_string().replace('\n', " "));
                None
            }
        }
    }

    /// The exit code of the process.
    pub(crate) fn end(self) -> ExitCode {
        if self.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

/// Compares two values.
///
/// # Errors
/// If they differ.
#[expect(clippy::needless_pass_by_value, reason = "most callers pass temporaries")]
pub(crate) fn same<T: PartialEq + Debug>(actual: T, expected: T) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{actual:?} instead of {expected:?}").into())
}
