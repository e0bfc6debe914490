//! Whether a service runs.

use crate::Failure;

/// Whether a service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Its component is being compiled.
    Compiling,
    /// Its process was started, and does not answer yet.
    Starting,
    /// It answers requests.
    Running,
    /// Its process ended, and is started again soon.
    Restarting {
        /// How it ended.
        reason: String,
    },
    /// It will not run.
    Failed(Failure),
}
