//! Why a worker's job API did not do what it was asked.

use alloy::primitives::Address;
use muster_compute::{BlobError, Digest};
use muster_job_api::ApiError;
use reqwest::StatusCode;

use crate::service_client::RequestFailure;

/// The longest text of a worker that is repeated, in characters.
const LONGEST_TEXT: usize = 200;

/// Why a request to a worker's job API failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobFailure {
    /// Nobody accepts a connection at the endpoint.
    #[error("no connection to the worker")]
    NoConnection,
    /// There was no response in time.
    #[error("the worker did not respond in time")]
    NoResponse,
    /// The connection was cut.
    #[error("the connection to the worker was cut")]
    Cut,
    /// The worker's gateway rejects the token. Another one is asked for by message.
    #[error("the worker's gateway rejected the token with status {0}")]
    Rejected(StatusCode),
    /// A status without an error of the API: a gateway or a proxy has responded.
    #[error("the worker responded with status {0} and without a reason")]
    UnexpectedStatus(StatusCode),
    /// The API refuses.
    #[error("the worker refused: {}", .0.message)]
    Refused(Box<ApiError>),
    /// A response that the API does not give.
    #[error("the worker did not send {0}")]
    Malformed(&'static str),
    /// Another blob than the one that was asked for.
    #[error("the worker sent blob {actual} instead of {expected}")]
    WrongBlob {
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what came.
        actual: Digest,
    },
    /// A status or a result of another job.
    #[error("the worker sent job {actual} instead of {expected}")]
    WrongJob {
        /// The job that was asked for.
        expected: Digest,
        /// The job that was sent.
        actual: Digest,
    },
    /// A result that the worker has not signed.
    #[error("the result is not signed by worker {0}")]
    WrongSignature(Address),
    /// A blob could not be read or kept on this machine.
    #[error(transparent)]
    Local(#[from] BlobError),
}

impl JobFailure {
    /// Whether the endpoint does not work, so that the worker is to be asked for it anew.
    pub(crate) const fn is_of_endpoint(&self) -> bool {
        matches!(self, Self::NoConnection | Self::NoResponse | Self::Cut | Self::Rejected(_))
    }

    /// The status with which something other than the API has responded.
    pub(crate) const fn status(&self) -> Option<u16> {
        match self {
            Self::Rejected(status) | Self::UnexpectedStatus(status) => Some(status.as_u16()),
            _ => None,
        }
    }
}

impl From<RequestFailure> for JobFailure {
    fn from(failure: RequestFailure) -> Self {
        match failure {
            RequestFailure::NoConnection => Self::NoConnection,
            RequestFailure::NoResponse => Self::NoResponse,
            RequestFailure::Cut => Self::Cut,
            RequestFailure::Rejected(response) => Self::Rejected(response.status()),
        }
    }
}

/// A text of a worker as it is safe to print: short and in one line.
pub(crate) fn printable(text: &str) -> String {
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(LONGEST_TEXT).map(printable).collect()
}
