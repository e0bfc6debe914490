//! What a parent asks of a child process.

use crate::{Digest, Optimization, job::JobDocument};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Set in the environment of a child process, and nothing else is.
pub(crate) const CHILD_VARIABLE: &str = "MUSTER_COMPUTE_CHILD";

/// The first and only message to a child, on its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Say which protections the kernel lacks.
    Probe {
        /// The parent, with which the child ends.
        parent: u32,
    },
    /// Compile the module that is open as standard error.
    Compile(CompileRequest),
    /// Run the code that is open as standard error.
    Run(Box<RunRequest>),
}

/// How to compile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CompileRequest {
    /// The parent, with which the child ends.
    pub(crate) parent: u32,
    /// How hard to try.
    pub(crate) optimization: Optimization,
    /// Seconds of processor time.
    pub(crate) seconds: u64,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

/// What to run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    /// The parent, with which the child ends.
    pub(crate) parent: u32,
    /// How the code was compiled.
    pub(crate) optimization: Optimization,
    /// The job.
    pub(crate) job: JobDocument,
    /// Its id.
    pub(crate) id: Digest,
    /// Where the inputs are, in the order of the job.
    pub(crate) inputs: Vec<PathBuf>,
    /// Where standard input is.
    pub(crate) stdin: Option<PathBuf>,
}

impl Request {
    /// The process that asks.
    pub(crate) const fn parent(&self) -> u32 {
        match self {
            Self::Probe { parent } => *parent,
            Self::Compile(request) => request.parent,
            Self::Run(request) => request.parent,
        }
    }
}
