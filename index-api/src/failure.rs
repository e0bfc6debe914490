//! Error responses.

use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_index::IndexError;

use crate::wire::{ApiError, ErrorCode};

/// Seconds after which a client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error response.
#[derive(Debug)]
pub(crate) struct Failure(ApiError);

impl Failure {
    /// An error with a code and its reason for people.
    pub(crate) fn new(error: ErrorCode, message: impl Display) -> Self {
        Self(ApiError { error, message: message.to_string() })
    }

    /// A malformed request.
    pub(crate) fn bad_request(message: impl Display) -> Self {
        Self::new(ErrorCode::BadRequest, message)
    }
}

impl ErrorCode {
    /// The status with which it is sent.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NoRoute | Self::NoMarket | Self::NotFound => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::NotIndexed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        if let IndexError::Query(error) = error {
            return Self::bad_request(error);
        }
        // The operator learns the cause, the client does not.
        tracing::error!(%error, "the index could not answer");
        Self::new(ErrorCode::Internal, "the index could not answer: try again later")
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.0.error.status();
        let mut response = (status, Json(self.0)).into_response();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}
