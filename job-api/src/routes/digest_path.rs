//! The digest in a path.

use crate::{failure::Failure, wire::ErrorCode};
use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use muster_compute::{Digest, DigestError};
use std::fmt::Display;

/// The digest of a blob, or the id of a job.
pub(crate) struct DigestPath(pub(crate) Digest);

impl<S: Send + Sync> FromRequestParts<S> for DigestPath {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let bad = |error: &dyn Display| Failure::new(ErrorCode::BadDigest, error);
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|error| bad(&error))?;
        text.parse().map(Self).map_err(|error: DigestError| bad(&error))
    }
}
