//! What can go wrong, and what a client is told of it.

use crate::wire::{ApiError, ERROR_HEADER, ErrorCode, SIGNATURE_HEADER};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use muster_compute::{BlobError, Digest};
use muster_compute_http::{SendError, ServiceError, StartError};
use std::io;

/// Why a request to the API fails, or a service is not started again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// No signature of the client.
    #[error(
        "only the client of the agreement manages its service: sign the request, and send {SIGNATURE_HEADER}"
    )]
    NotSigned,
    /// A signature of somebody else, or for another request.
    #[error("the signature is not the client's for this request to this worker")]
    WrongSignature,
    /// A signature that was used, or is older than one that was.
    #[error("number {number} is not above {last}, which was used: sign the request anew")]
    OldNumber {
        /// The number of the request.
        number: u64,
        /// The last one that was accepted.
        last: u64,
    },
    /// There is no service.
    #[error("there is no service: bring one with PUT /service")]
    NoService,
    /// The component is not here.
    #[error("there is no blob {0} here: upload the component first")]
    MissingBlob(Digest),
    /// The document is malformed.
    #[error("this is no service document: {0}")]
    Malformed(String),
    /// The service cannot be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no response of the service.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The blob cannot be read.
    #[error("cannot read the component: {0}")]
    Blob(#[from] BlobError),
    /// The disk fails.
    #[error("cannot keep the service: {0}")]
    Io(#[from] io::Error),
}

impl RequestError {
    /// Status and code.
    const fn kind(&self) -> (StatusCode, ErrorCode) {
        match self {
            Self::NotSigned => (StatusCode::FORBIDDEN, ErrorCode::NotSigned),
            Self::WrongSignature => (StatusCode::FORBIDDEN, ErrorCode::WrongSignature),
            Self::OldNumber { .. } => (StatusCode::CONFLICT, ErrorCode::OldNumber),
            Self::NoService => (StatusCode::NOT_FOUND, ErrorCode::NoService),
            Self::MissingBlob(_) => (StatusCode::CONFLICT, ErrorCode::MissingBlob),
            Self::Malformed(_)
            | Self::Start(StartError::Document(ServiceError::Environment(_))) => {
                (StatusCode::BAD_REQUEST, ErrorCode::BadService)
            }
            Self::Start(StartError::Document(_)) => {
                (StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::TooLarge)
            }
            Self::Start(StartError::Component(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::BadComponent)
            }
            Self::Send(SendError::Failed(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceFailed)
            }
            Self::Send(SendError::NotRunning | SendError::Io(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::NotRunning)
            }
            Self::Send(SendError::TimedOut) => {
                (StatusCode::GATEWAY_TIMEOUT, ErrorCode::ServiceLate)
            }
            Self::Send(_) => (StatusCode::BAD_GATEWAY, ErrorCode::ServiceEnded),
            Self::Start(_) | Self::Blob(_) | Self::Io(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::WorkerError)
            }
        }
    }
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let (status, error) = self.kind();
        let last = if let Self::OldNumber { last, .. } = self { Some(last) } else { None };
        let body = ApiError { error, message: self.to_string(), last };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(ERROR_HEADER, HeaderValue::from_static(error.name()));
        if error == ErrorCode::NotRunning {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
