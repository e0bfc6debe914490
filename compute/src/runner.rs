//! Runs jobs in child processes.

mod code;
mod host;
mod job;
mod process;
mod settings;

pub use host::Runner;
pub use job::Execution;
pub use settings::{CompileLimits, Settings};
