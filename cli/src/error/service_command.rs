//! Errors of the commands of services.

use std::path::PathBuf;

use alloy::primitives::Address;
use muster_compute::Digest;
use muster_compute_http::{ComponentError, ServiceError};
use muster_daemons::client::ServicesError;
use muster_daemons::{CopyError, RecordError, ServiceChecksError};

/// Why a service cannot be brought, seen or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceCommandError {
    /// A component that no worker runs.
    #[error("{path}: {source}")]
    Component {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: Box<ComponentError>,
    },
    /// Limits or an environment that no worker gives.
    #[error(transparent)]
    Document(#[from] Box<ServiceError>),
    /// Checks that cannot be requested.
    #[error("{path}: {source}")]
    Checks {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: ServiceChecksError,
    },
    /// Checks for a component whose answers nobody can compare, or that does not run here.
    #[error("the component cannot be checked: {0}")]
    Copy(#[from] CopyError),
    /// The component here is not what a check requires.
    #[error(
        "check {number}, of {path}, is not what the component answers here: {found}; correct the checks or the component"
    )]
    WrongCheck {
        /// Which, from 1 on.
        number: usize,
        /// Its path.
        path: String,
        /// What the component answers.
        found: String,
    },
    /// The record cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A service that cannot be managed.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// An agreement for another service.
    #[error("agreement {0} is for another service: name another one, or end that service first")]
    Taken(Address),
    /// Fewer workers than were asked for.
    #[error(
        "{serving} of {wanted} workers could be kept: raise --budget, ask for fewer --replicas, or wait for other workers"
    )]
    Short {
        /// How many serve.
        serving: usize,
        /// How many should.
        wanted: u8,
    },
    /// No worker has sent its log.
    #[error(
        "no worker has sent the log of service {0}: it runs nowhere, or its workers do not answer"
    )]
    NoLogs(Digest),
    /// Workers that may still run a service.
    #[error(
        "{missing} workers were not reached, and may run the service until their agreement ends: repeat the command"
    )]
    NotEnded {
        /// How many.
        missing: usize,
    },
}
