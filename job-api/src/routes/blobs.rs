//! Blobs, to be read.

use super::digest_path::DigestPath;
use crate::{
    agreement::Agreement,
    failure::{Failure, internal},
    wire::{ApiError, ErrorCode},
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use muster_compute::Digest;
use std::sync::Arc;
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// Returns a blob, or a range of it.
#[utoipa::path(
    get,
    path = "/blobs/{digest}",
    params(
        ("digest" = Digest, Path, description = "The blob's SHA-256"),
        ("Range" = Option<String>, Header, description = "A range of bytes")
    ),
    responses(
        (status = 200, description = "The blob", content_type = "application/octet-stream"),
        (status = 206, description = "The range", content_type = "application/octet-stream"),
        (status = 400, description = "bad_digest", body = ApiError),
        (status = 404, description = "no_blob; `Upload-Offset` says how much of an upload is here", body = ApiError),
        (status = 416, description = "The blob has no such range")
    )
)]
pub(crate) async fn get_blob(
    State(agreement): State<Arc<Agreement>>,
    DigestPath(blob): DigestPath,
    request: Request,
) -> Result<Response, Failure> {
    let path = agreement
        .blocking(move |agreement| {
            if agreement.blobs().size(&blob)?.is_none() {
                let offset = agreement.blobs().uploaded(&blob)?;
                let text = format_args!("blob {blob} is not here: put it");
                return Err(Failure::new(ErrorCode::NoBlob, text).with_offset(offset));
            }
            Ok(agreement.blobs().path(&blob))
        })
        .await?;
    let response = ServeFile::new(path).oneshot(request).await.map_err(|error| internal(&error))?;
    Ok(response.map(Body::new))
}

/// Says whether a blob is here, and how long it is.
#[utoipa::path(
    head,
    path = "/blobs/{digest}",
    params(("digest" = Digest, Path, description = "The blob's SHA-256")),
    responses(
        (status = 200, description = "It is here; `Content-Length` is its length"),
        (status = 400, description = "bad_digest"),
        (status = 404, description = "no_blob; `Upload-Offset` says how much of an upload is here")
    )
)]
pub(crate) async fn head_blob(
    agreement: State<Arc<Agreement>>,
    blob: DigestPath,
    request: Request,
) -> Result<Response, Failure> {
    get_blob(agreement, blob, request).await
}
