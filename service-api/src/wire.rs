//! What goes over the wire.

use muster_compute_http::{LogLine, ServiceDocument, Status};
use serde::{Deserialize, Serialize};

/// The header with the client's signature: `NUMBER,SIGNATURE`.
pub const SIGNATURE_HEADER: &str = "service-signature";

/// The header that names the code of an error of the API. No response of a service has it, so a client knows them apart.
pub const ERROR_HEADER: &str = "service-error";

/// A service at a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// What the client says of it.
    pub document: ServiceDocument,
    /// Whether it runs.
    pub state: ServiceState,
    /// Why it does not, if it fails or is started again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// Its component is being compiled, or its process started.
    Starting,
    /// It answers requests.
    Running,
    /// Its process ended, and is started again soon.
    Restarting,
    /// It will not run.
    Failed,
}

/// The last lines of a service's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLogs {
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// The number from which to ask on.
    pub next: u64,
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The document is malformed.
    BadService,
    /// The request needs the client's signature.
    NotSigned,
    /// The signature is not the client's, or for another request.
    WrongSignature,
    /// The signature was used before, or is older than one that was.
    OldNumber,
    /// There is no service.
    NoService,
    /// The component is not here.
    MissingBlob,
    /// A limit is zero, or more than this worker gives.
    TooLarge,
    /// The component cannot be a service.
    BadComponent,
    /// The worker's disk or its processes failed.
    WorkerError,
    /// The service's process ended while it answered.
    ServiceEnded,
    /// The service is being compiled or started again.
    NotRunning,
    /// The service will not run.
    ServiceFailed,
    /// The service's process did not answer.
    ServiceLate,
}

impl ErrorCode {
    /// The code as it is sent.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadService => "bad_service",
            Self::NotSigned => "not_signed",
            Self::WrongSignature => "wrong_signature",
            Self::OldNumber => "old_number",
            Self::NoService => "no_service",
            Self::MissingBlob => "missing_blob",
            Self::TooLarge => "too_large",
            Self::BadComponent => "bad_component",
            Self::WorkerError => "worker_error",
            Self::ServiceEnded => "service_ended",
            Self::NotRunning => "not_running",
            Self::ServiceFailed => "service_failed",
            Self::ServiceLate => "service_late",
        }
    }
}

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// The code.
    pub error: ErrorCode,
    /// The reason, for people.
    pub message: String,
    /// With [`ErrorCode::OldNumber`], the number above which the next one must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
}

impl ServiceStatus {
    /// What is told of a service.
    pub(crate) fn new(document: ServiceDocument, status: Status) -> Self {
        let (state, reason) = match status {
            Status::Running => (ServiceState::Running, None),
            Status::Restarting { reason } => (ServiceState::Restarting, Some(reason)),
            Status::Failed(failure) => (ServiceState::Failed, Some(failure.to_string())),
            _ => (ServiceState::Starting, None),
        };
        Self { document, state, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_same_name_in_the_header_and_in_the_body() {
        use ErrorCode::{
            BadComponent, BadService, MissingBlob, NoService, NotRunning, NotSigned, OldNumber,
            ServiceEnded, ServiceFailed, ServiceLate, TooLarge, WorkerError, WrongSignature,
        };
        for code in [
            BadComponent,
            BadService,
            MissingBlob,
            NoService,
            NotRunning,
            NotSigned,
            OldNumber,
            ServiceEnded,
            ServiceFailed,
            ServiceLate,
            TooLarge,
            WorkerError,
            WrongSignature,
        ] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
