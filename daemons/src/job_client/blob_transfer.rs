//! Blobs on their way to a worker and back.

use std::io::SeekFrom;
use std::ops::Range;
use std::path::PathBuf;

use axum::http::{HeaderName, header};
use muster_compute::{BlobError, BlobStore, Digest};
use reqwest::{Body, RequestBuilder, Response};
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncSeekExt;
use tokio::time::Duration;
use tokio_util::io::ReaderStream;

use super::blob_source::BlobSource;
use super::failure::JobFailure;
use super::{JobClient, Received, SLOWEST_UPLOAD};
use crate::failpoint::fail_point;

/// The longest blob in bytes that is sent out of memory, so that the request can be repeated.
const SHORT_BLOB: u64 = 1 << 20;

/// The parts in which longer blobs are sent, in bytes.
const PART: usize = 64 << 10;

/// The header that says how many bytes of an upload are there.
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

impl JobClient {
    /// Uploads a blob. A long file is streamed; if an earlier upload was interrupted, this one goes on where it ended.
    ///
    /// # Errors
    /// [`JobFailure::Local`] if the source cannot be read; [`JobFailure::Refused`] with [`muster_job_api::ErrorCode::WrongDigest`] if it
    /// has another digest.
    pub(crate) async fn upload(
        &self,
        blob: &Digest,
        source: BlobSource,
    ) -> Result<Received<()>, JobFailure> {
        let request = self.http.put(self.url(&format!("/blobs/{blob}")));
        let (request, time) = match source {
            BlobSource::Bytes(bytes) => (request.body(bytes), Duration::ZERO),
            BlobSource::File(path) => {
                let length = fs::metadata(&path).await.map_err(BlobError::from)?.len();
                let is_long = length > SHORT_BLOB;
                let offset = if is_long { self.upload_offset(blob).await? } else { 0 };
                with_file(request, path, offset..length).await?
            }
        };
        let (response, receipt) = self.send_long(request, time).await?;
        self.read_rest(response).await?;
        Ok(Received { body: (), receipt })
    }

    /// Fetches a blob into memory, and verifies it.
    ///
    /// # Errors
    /// [`JobFailure::WrongBlob`]; [`JobFailure::Local`] with [`BlobError::TooLarge`] if it has more than `limit` bytes.
    pub(crate) async fn fetch(
        &self,
        blob: Digest,
        limit: u64,
    ) -> Result<Received<Vec<u8>>, JobFailure> {
        let mut body = Vec::new();
        let (mut hasher, (mut response, receipt)) = (Sha256::new(), self.request_blob(blob).await?);
        while let Some(part) = self.http.next_part(&mut response).await? {
            hasher.update(&part);
            body.extend_from_slice(&part);
            if u64::try_from(body.len()).map_or(true, |length| length > limit) {
                return Err(BlobError::TooLarge(limit).into());
            }
        }
        match Digest::from_bytes(hasher.finalize().into()) {
            actual if actual == blob => Ok(Received { body, receipt }),
            actual => Err(JobFailure::WrongBlob { expected: blob, actual }),
        }
    }

    /// Fetches a blob of at most `limit` bytes into a store, unless it is there, and verifies it on the way. What does not
    /// match, or was cut, leaves nothing.
    ///
    /// # Errors
    /// [`JobFailure::WrongBlob`]; [`JobFailure::Local`] if it is too large or does not fit on the disk.
    pub(crate) async fn fetch_into(
        &self,
        blob: Digest,
        limit: u64,
        store: &BlobStore,
    ) -> Result<(), JobFailure> {
        if store.size(&blob)?.is_some() {
            return Ok(());
        }
        let mut writer = store.writer(limit)?;
        let (mut response, _) = self.request_blob(blob).await?;
        while let Some(part) = self.http.next_part(&mut response).await? {
            writer.write(&part)?;
            fail_point!("output/half");
        }
        match writer.finish(Some(&blob)) {
            Ok(_) => Ok(()),
            Err(BlobError::Mismatch { expected, actual }) => {
                Err(JobFailure::WrongBlob { expected, actual })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The number of bytes of an interrupted upload that the worker has.
    async fn upload_offset(&self, blob: &Digest) -> Result<u64, JobFailure> {
        let request = self.http.head(self.url(&format!("/blobs/{blob}")));
        let response = self.send_any(request, Duration::ZERO).await?;
        let offset = response.headers().get(UPLOAD_OFFSET).and_then(|text| text.to_str().ok());
        Ok(offset.and_then(|text| text.parse().ok()).unwrap_or_default())
    }

    /// Asks for a blob.
    async fn request_blob(&self, blob: Digest) -> Result<(Response, Option<String>), JobFailure> {
        self.send(self.http.get(self.url(&format!("/blobs/{blob}")))).await
    }
}

/// The request with the part of a file from an offset to its end, and the time that it may take.
async fn with_file(
    request: RequestBuilder,
    path: PathBuf,
    part: Range<u64>,
) -> Result<(RequestBuilder, Duration), JobFailure> {
    let Range { start, end: length } = part;
    let rest = length.saturating_sub(start);
    let time = Duration::from_secs(rest.div_ceil(SLOWEST_UPLOAD));
    if length <= SHORT_BLOB {
        let bytes = fs::read(path).await.map_err(BlobError::from)?;
        return Ok((request.body(bytes), time));
    }
    let mut file = File::open(path).await.map_err(BlobError::from)?;
    let mut request = request;
    if start > 0 && rest > 0 {
        file.seek(SeekFrom::Start(start)).await.map_err(BlobError::from)?;
        let last = length.saturating_sub(1);
        request = request.header(header::CONTENT_RANGE, format!("bytes {start}-{last}/{length}"));
    }
    let body = Body::wrap_stream(ReaderStream::with_capacity(file, PART));
    let sent = if start < length { rest } else { length };
    Ok((request.header(header::CONTENT_LENGTH, sent).body(body), time))
}
