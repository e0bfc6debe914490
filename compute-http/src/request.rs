//! What a parent asks of a child process, and what the child tells it: a line of JSON each.

use crate::ServiceLimits;
use muster_compute::Variable;
use serde::{Deserialize, Serialize};

/// Set in the environment of a child process, and nothing else is.
pub(crate) const CHILD_VARIABLE: &str = "MUSTER_COMPUTE_HTTP_CHILD";

/// The longest line of a child.
pub(crate) const MAX_EVENT: u64 = 64 << 10;

/// The first and only message to a child, on the socket that is its standard output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Compile the component that is open as standard input.
    Compile {
        /// The parent, with which the child ends.
        parent: u32,
        /// Seconds of processor time.
        seconds: u64,
        /// Bytes of memory.
        memory: u64,
    },
    /// Serve requests from the listener that is open as standard input, by the code that is open as standard error.
    Serve {
        /// The parent, with which the child ends.
        parent: u32,
        /// The service's environment.
        environment: Vec<Variable>,
        /// The service's limits.
        limits: ServiceLimits,
    },
}

/// What a child tells.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Event {
    /// So many bytes of code follow this line.
    Code(u64),
    /// The component cannot run, for this reason.
    Failed(String),
    /// Requests are answered from now on.
    Ready,
    /// The component wrote a line.
    Log {
        /// Where.
        stream: LogStream,
        /// The line.
        text: String,
        /// Lines before it that were lost, for they came faster than they could be told.
        lost: u64,
    },
}

/// Where a line of a service's log comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// The component's standard output.
    Stdout,
    /// The component's standard error.
    Stderr,
    /// Who runs the component: traps, limits, new starts.
    Host,
}

impl Request {
    /// The process that asks.
    pub(crate) const fn parent(&self) -> u32 {
        match self {
            Self::Compile { parent, .. } | Self::Serve { parent, .. } => *parent,
        }
    }
}
