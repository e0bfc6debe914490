//! What can go wrong with a service.

use crate::{ComponentError, ServiceError};
use std::io;

/// Why a service cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// This process was started as a child of a service.
    #[error(
        "main must call muster_compute_http::child_main first: this process is a service's child"
    )]
    InChild,
    /// The document is no service's.
    #[error(transparent)]
    Document(#[from] ServiceError),
    /// The component cannot be a service.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// The bytes are not those of the component that the document names.
    #[error("the component has the SHA-256 {actual}, and the document names {expected}")]
    OtherComponent {
        /// What the document names.
        expected: muster_compute::Digest,
        /// What was given.
        actual: muster_compute::Digest,
    },
    /// A folder, socket or thread could not be made.
    #[error("cannot run services here: {0}")]
    Io(#[from] io::Error),
}

/// Why a service does not run, and will not: starting its process again cannot help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Compiling took more than this machine gives, or crashed.
    #[error("compiling the component was ended: {0}")]
    Compile(String),
    /// The engine refuses the component.
    #[error("component cannot run: {0}")]
    Component(String),
    /// A file or a process could not be made.
    #[error("cannot run services here: {0}")]
    Host(String),
}

/// Why a request got no response of the service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The service will not run.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The service is being compiled or started again, for longer than a request waits.
    #[error("the service does not run yet: try again in a few seconds")]
    NotRunning,
    /// The service's process ended before it answered.
    #[error("the service's process ended while it answered")]
    Ended(#[source] hyper::Error),
    /// The service's process does not answer at all.
    #[error("the service's process did not answer in time")]
    TimedOut,
    /// The process cannot be connected to.
    #[error("cannot connect to the service's process: {0}")]
    Io(#[from] io::Error),
}
