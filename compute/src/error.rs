//! Why a job has no result.

use crate::{BlobError, ModuleError, job::Limits};
use std::{fmt, io};

/// A job was not run, or its run came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// No machine runs this module under the profile.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The module's memory and tables are larger at the start than the job's limit: no machine runs this job.
    #[error("the module needs more memory at its start than the job's limit of {limit} bytes")]
    InitialMemory {
        /// The job's limit.
        limit: u64,
    },
    /// The job asks for more than this runner gives.
    #[error("the job asks for {asked} {unit} of {name}, and {allowed} are the most here")]
    Limit {
        /// Which limit.
        name: &'static str,
        /// What it is counted in.
        unit: &'static str,
        /// What the job asks for.
        asked: u64,
        /// What this runner gives.
        allowed: u64,
    },
    /// A blob is missing or cannot be read, or an output could not be kept.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The run depended on this machine, so it has no result.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
    /// No child process could be started, or the cache failed.
    #[error("cannot run jobs here: {0}")]
    Io(#[from] io::Error),
}

/// What a child process was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Compiling a module.
    Compiling,
    /// Running a job.
    Running,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compiling => "compiling",
            Self::Running => "running",
        })
    }
}

/// What ended a run without a result. It says something of this machine, and nothing of the job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfinished {
    /// Processor time or wall time ran out.
    #[error("out of time while {0}")]
    Time(Phase),
    /// The machine, or what this process may use of it, ran out of memory.
    #[error("out of memory while {0}")]
    Memory(Phase),
    /// The program ran out of stack.
    #[error("the program ran out of stack")]
    Stack,
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The child process ended without a word: by a signal, or by a fault of the engine.
    #[error("the process ended while {phase} ({})", SignalText(*signal))]
    Crashed {
        /// What it was doing.
        phase: Phase,
        /// The signal, if it was one.
        signal: Option<i32>,
    },
    /// The engine failed in a way that says nothing of the job.
    #[error("the engine failed while {phase}: {message}")]
    Engine {
        /// What it was doing.
        phase: Phase,
        /// What the engine said.
        message: String,
    },
}

/// A signal or its absence as text.
struct SignalText(Option<i32>);

impl fmt::Display for SignalText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(signal) => write!(f, "signal {signal}"),
            None => f.write_str("no signal"),
        }
    }
}

/// Why a runner cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// This process was started as a child of a runner.
    #[error("main must call muster_compute::child_main first: this process is a runner's child")]
    InChild,
    /// The program that was started as a child did not answer as one.
    #[error("the program does not call muster_compute::child_main first thing in main")]
    NoChild,
    /// The cache is not private: its folder belongs to somebody else, or others may write to it.
    #[error("the folder of the cache must belong to this user and be writable for nobody else")]
    CacheNotPrivate,
    /// The engine could not be set up.
    #[error("engine: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A folder or a process failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Checks a job's limits against those of a runner.
///
/// # Errors
/// [`RunError::Limit`]
pub fn check_limits(asked: &Limits, allowed: &Limits) -> Result<(), RunError> {
    let pairs = [
        ("memory", "bytes", asked.memory, allowed.memory),
        ("storage", "bytes", asked.storage, allowed.storage),
        ("time", "milliseconds", asked.time, allowed.time),
    ];
    for (name, unit, asked, allowed) in pairs {
        if asked > allowed {
            return Err(RunError::Limit { name, unit, asked, allowed });
        }
    }
    Ok(())
}
