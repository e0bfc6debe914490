//! Blobs: modules, inputs and outputs of jobs.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use muster_compute::Digest;

use crate::caller::Caller;
use crate::failure::{ApiError, Failure};
use crate::right::Right;
use crate::run_wire::BlobInfo;
use crate::shared::Shared;

/// The most bytes of a blob that is sent.
pub(crate) const MAX_BLOB: u64 = 256 << 20;

/// Bytes that are read at once.
const PART: usize = 64 << 10;

/// Keeps a blob: a module, or an input of jobs. The same bytes are the same blob. Right: `run`.
#[utoipa::path(
    post,
    path = "/v1/blobs",
    request_body(content = String, content_type = "application/octet-stream", description = "The bytes, at most 256 MiB"),
    responses((status = 201, body = BlobInfo), (status = "default", body = ApiError)),
    security(("token" = []))
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    body: Body,
) -> Result<(StatusCode, Json<BlobInfo>), Failure> {
    caller.require(Right::Run)?;
    let mut writer = shared.jobs.blobs().writer(MAX_BLOB)?;
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(Failure::bad_request)?;
        writer.write(&part)?;
    }
    let (digest, size) = writer.finish(None)?;
    Ok((StatusCode::CREATED, Json(BlobInfo { digest, size })))
}

/// The bytes of a blob. Right: `run`.
#[utoipa::path(
    get,
    path = "/v1/blobs/{digest}",
    params(("digest" = String, Path, description = "Its SHA-256, in hexadecimal digits")),
    responses(
        (status = 200, body = String, content_type = "application/octet-stream"),
        (status = "default", body = ApiError)
    ),
    security(("token" = []))
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    digest: Result<Path<Digest>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Right::Run)?;
    let Path(digest) = digest.map_err(Failure::bad_request)?;
    let file = shared.jobs.blobs().read(&digest)?;
    let size = file.metadata().map_err(|error| Failure::internal(&error))?.len();
    let body = Body::from_stream(stream::try_unfold(file, async |mut file: File| {
        // Parts are small, and files of this machine.
        let mut part = vec![0; PART];
        let length = file.read(&mut part)?;
        part.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then_some((part, file)))
    }));
    let headers =
        [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_LENGTH, size.to_string())];
    Ok((headers, body).into_response())
}
