//! Why a probe failed.

use muster_messaging::RefusalReason;

use crate::service_client::RequestFailure;

/// Why a probe failed. The texts are the values of a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeFailure {
    /// The tester could not send its request, which is not the worker's failure.
    #[error("request not sent")]
    Inconclusive,
    /// The worker sent no endpoint in time.
    #[error("no endpoint")]
    NoEndpoint,
    /// The worker refused to send its endpoint.
    #[error("endpoint refused: {0}")]
    EndpointRefused(RefusalReason),
    /// The service did not respond in time.
    #[error("no response")]
    NoResponse,
    /// The connection was cut before the response; again, if the request could be repeated.
    #[error("connection cut")]
    Cut,
    /// The worker's gateway rejects the token.
    #[error("token rejected")]
    Rejected,
    /// The response has another status than the required one.
    #[error("unexpected status")]
    UnexpectedStatus,
    /// The response is wrong, or the command exited with another code than 0.
    #[error("wrong response")]
    WrongResponse,
    /// The worker refused the job.
    #[error("job refused")]
    JobRefused,
    /// The worker says that the job came to no result.
    #[error("no result")]
    NoResult,
    /// The result of the job is wrong.
    #[error("wrong result")]
    WrongResult,
    /// The result is not signed by this worker.
    #[error("wrong signature")]
    WrongSignature,
    /// The worker sent something else than the output that its result names.
    #[error("wrong output")]
    WrongOutput,
    /// The response has no receipt.
    #[error("no receipt")]
    NoReceipt,
    /// The receipt is not signed by this worker, or not for this session, agreement and window.
    #[error("wrong receipt")]
    WrongReceipt,
}

impl From<RequestFailure> for ProbeFailure {
    fn from(failure: RequestFailure) -> Self {
        match failure {
            RequestFailure::NoConnection | RequestFailure::NoResponse => Self::NoResponse,
            RequestFailure::Cut => Self::Cut,
            RequestFailure::Rejected(_) => Self::Rejected,
        }
    }
}
