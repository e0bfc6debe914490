//! Error responses.

use crate::wire::{ApiError, ErrorCode};
use axum::{
    Json,
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use muster_compute::{BlobError, Digest};
use std::{fmt::Display, io};

/// The header that says how many bytes of an upload are here.
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

/// An error response.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Its body.
    body: ApiError,
    /// How many bytes of the upload are here, if that helps.
    offset: Option<u64>,
}

impl Failure {
    /// An error with a code and its reason for people.
    pub(crate) fn new(error: ErrorCode, message: impl Display) -> Self {
        let body = ApiError { error, message: message.to_string(), blobs: Vec::new() };
        Self { body, offset: None }
    }

    /// Blobs that a job needs and that are not here.
    pub(crate) fn missing_blobs(blobs: Vec<Digest>) -> Self {
        let mut failure = Self::new(
            ErrorCode::MissingBlobs,
            "the job names blobs that are not here: put them, then post it again",
        );
        failure.body.blobs = blobs;
        failure
    }

    /// The same, with the offset of an upload.
    pub(crate) const fn with_offset(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl ErrorCode {
    /// The status with which it is sent.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::BadDigest | Self::BadJob => StatusCode::BAD_REQUEST,
            Self::NoRoute | Self::NoBlob | Self::NoJob => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingBlobs => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::WrongOffset => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::WrongDigest | Self::BadModule => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyJobs => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        let code = match &error {
            BlobError::Missing(_) => ErrorCode::NoBlob,
            BlobError::Mismatch { .. } => ErrorCode::WrongDigest,
            BlobError::TooLarge(_) => ErrorCode::TooLarge,
            BlobError::Full(_) => ErrorCode::NoSpace,
            _ => return internal(&error),
        };
        Self::new(code, error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        BlobError::from(error).into()
    }
}

/// A failure of this machine: the operator learns the cause, the client does not.
pub(crate) fn internal(error: &dyn Display) -> Failure {
    tracing::error!(%error, "job server failed");
    Failure::new(ErrorCode::Internal, "the worker's machine failed: try again, or another worker")
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let offset = self.offset.map(|offset| [(UPLOAD_OFFSET, offset.to_string())]);
        let mut response = (self.body.error.status(), Json(self.body)).into_response();
        for (name, value) in offset.into_iter().flatten() {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
