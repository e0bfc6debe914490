//! Blobs that are uploaded, at once or in parts.

use super::digest_path::DigestPath;
use crate::{
    agreement::Agreement,
    failure::{Failure, UPLOAD_OFFSET, internal},
    wire::{ApiError, ErrorCode},
};
use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use muster_compute::{BLOB_COST, BlobError, BlobUpload, Digest};
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

/// The time without a byte after which an upload ends, so that another request can go on with it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Chunks between the connection and the disk.
const BUFFERED_CHUNKS: usize = 4;

/// Which part of a blob a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// The offset of its first byte; `None` if it is the whole blob.
    start: Option<u64>,
    /// The length of the blob, if it is told.
    total: Option<u64>,
}

/// Puts a blob, or goes on where an upload ended. What came is verified against the digest while it comes.
#[utoipa::path(
    put,
    path = "/blobs/{digest}",
    params(
        ("digest" = Digest, Path, description = "The blob's SHA-256"),
        ("Content-Range" = Option<String>, Header, description = "`bytes FIRST-LAST/LENGTH` for a part (RFC 9110, 14.5)")
    ),
    request_body(content = String, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It was here already"),
        (status = 201, description = "It is here now"),
        (status = 202, description = "The part is here, and others are missing; `Upload-Offset` says from where on"),
        (status = 400, description = "bad_digest, bad_request", body = ApiError),
        (status = 413, description = "too_large", body = ApiError),
        (status = 416, description = "wrong_offset; `Upload-Offset` says where to go on", body = ApiError),
        (status = 422, description = "wrong_digest", body = ApiError),
        (status = 507, description = "no_space", body = ApiError)
    )
)]
pub(crate) async fn put_blob(
    State(agreement): State<Arc<Agreement>>,
    DigestPath(blob): DigestPath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let part = part(&headers)?;
    let lock = agreement.uploads.lock(&blob).await;
    if agreement.blocking(move |agreement| Ok(agreement.blobs().size(&blob)?)).await?.is_some() {
        // Read to its end, because a client that still writes would miss the response.
        let mut chunks = body.into_data_stream();
        while next_chunk(&agreement, &mut chunks).await?.is_some() {}
        return Ok(StatusCode::OK.into_response());
    }
    let limit = agreement.host.limits().blobs;
    if part.total.is_some_and(|total| total > limit) {
        let text = format_args!("blobs may take {limit} bytes here");
        return Err(Failure::new(ErrorCode::TooLarge, text));
    }
    let turn = agreement.host.check_turns().acquire_owned().await;
    let turn = turn.map_err(|error| internal(&error))?;
    let upload = agreement.blocking(move |agreement| begin(agreement, &blob, part)).await?;
    drop(turn);

    let (sender, receiver) = mpsc::channel(BUFFERED_CHUNKS);
    let written = spawn_blocking(move || (write(upload, receiver), lock));
    let forwarded = forward(&agreement, body, sender).await;
    let ((upload, result), lock) = written.await.map_err(|error| internal(&error))?;
    // The next upload of this blob begins when this one is over, even if nobody waits for its end.
    let end = agreement.blocking(move |agreement| {
        let _lock = lock;
        if let Err(error) = result {
            drop(upload);
            agreement.blobs().discard_upload(&blob)?;
            return Err(error.into());
        }
        forwarded?;
        let size = upload.size();
        if part.total.is_some_and(|total| size < total) {
            return Ok(Some(size));
        }
        upload.finish()?;
        Ok(None)
    });
    Ok(match end.await? {
        Some(size) => (StatusCode::ACCEPTED, [(UPLOAD_OFFSET, size.to_string())]).into_response(),
        None => StatusCode::CREATED.into_response(),
    })
}

/// Which part of a blob a request brings.
fn part(headers: &HeaderMap) -> Result<Part, Failure> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(range) = text(header::CONTENT_RANGE) else {
        let total = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
        return Ok(Part { start: None, total });
    };
    let parsed = (|| {
        let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let [first, last, total] = [first, last, total].map(|number| number.parse::<u64>().ok());
        let (first, last, total) = (first?, last?, total?);
        (first <= last && last < total).then_some(Part { start: Some(first), total: Some(total) })
    })();
    parsed.ok_or_else(|| {
        let text = format_args!("Content-Range is not bytes FIRST-LAST/LENGTH: {range:?}");
        Failure::new(ErrorCode::BadRequest, text)
    })
}

/// Begins an upload, or goes on with it.
fn begin(agreement: &Agreement, blob: &Digest, part: Part) -> Result<BlobUpload, Failure> {
    let blobs = agreement.blobs();
    if part.start.is_none() {
        blobs.discard_upload(blob)?;
    }
    let offset = blobs.uploaded(blob)?;
    let start = part.start.unwrap_or(0);
    if start != offset {
        let text =
            format_args!("{offset} bytes of the blob are here, so no part begins at {start}");
        return Err(Failure::new(ErrorCode::WrongOffset, text).with_offset(offset));
    }
    let (used, limit) = blobs.usage();
    let missing = part.total.map_or(0, |total| total.saturating_sub(offset));
    if used.saturating_add(missing).saturating_add(BLOB_COST) > limit {
        let text = format_args!(
            "{used} of {limit} bytes are taken, so {missing} more and {BLOB_COST} for the blob do not fit"
        );
        return Err(Failure::new(ErrorCode::NoSpace, text));
    }
    Ok(blobs.upload(blob)?)
}

/// Writes what comes; returns the upload, and why not everything was written.
fn write(
    mut upload: BlobUpload,
    mut receiver: mpsc::Receiver<Bytes>,
) -> (BlobUpload, Result<(), BlobError>) {
    while let Some(chunk) = receiver.blocking_recv() {
        if let Err(error) = upload.write(&chunk) {
            return (upload, Err(error));
        }
    }
    (upload, Ok(()))
}

/// Hands a body on to the writer.
async fn forward(
    agreement: &Agreement,
    body: Body,
    sender: mpsc::Sender<Bytes>,
) -> Result<(), Failure> {
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = next_chunk(agreement, &mut chunks).await? {
        // The writer has ended, and says why.
        if sender.send(chunk).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The next bytes of a body; `None` at its end.
async fn next_chunk(
    agreement: &Agreement,
    chunks: &mut BodyDataStream,
) -> Result<Option<Bytes>, Failure> {
    let chunk = timeout(IDLE_TIMEOUT, chunks.next());
    match agreement.shutdown.run_until_cancelled(chunk).await {
        Some(Ok(chunk)) => match chunk.transpose() {
            Ok(chunk) => Ok(chunk),
            Err(_) => Err(interrupted()),
        },
        Some(Err(_)) | None => Err(interrupted()),
    }
}

/// An upload that did not come to its end.
fn interrupted() -> Failure {
    let text = "the upload was interrupted: HEAD says in Upload-Offset where to go on";
    Failure::new(ErrorCode::BadRequest, text)
}
