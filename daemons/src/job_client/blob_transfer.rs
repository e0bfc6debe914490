//! Blobs on their way to a worker and back.

use std::path::PathBuf;

use axum::http::header;
use futures::future::try_join_all;
use muster_compute::{BlobError, BlobStore, Digest};
use muster_job_api::ErrorCode;
use reqwest::{Body, RequestBuilder, Response};
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::time::Duration;
use tokio_util::io::ReaderStream;

use super::failure::JobFailure;
use super::{JobClient, Received};

/// The longest blob in bytes that is sent out of memory, so that the request can be repeated.
const SHORT_BLOB: u64 = 1 << 20;

/// The parts in which longer blobs are sent, in bytes.
const PART: usize = 64 << 10;

/// The slowest upload in bytes a second.
const SLOWEST_UPLOAD: u64 = 64 << 10;

/// Where a blob comes from.
#[derive(Clone, Debug)]
pub(crate) enum BlobSource {
    /// Memory.
    Bytes(Vec<u8>),
    /// A file on this machine.
    File(PathBuf),
}

impl JobClient {
    /// Those of some blobs that the worker does not have.
    ///
    /// # Errors
    /// [`JobFailure`].
    pub(crate) async fn missing(
        &self,
        blobs: impl IntoIterator<Item = Digest>,
    ) -> Result<Vec<Digest>, JobFailure> {
        let asked = blobs.into_iter().map(async |blob| {
            match self.send(self.http.head(self.url(&format!("/blobs/{blob}")))).await {
                Ok(_) => Ok(None),
                // A response to HEAD has no body, so the reason is in the status alone.
                Err(JobFailure::UnexpectedStatus(status)) if status.as_u16() == 404 => {
                    Ok(Some(blob))
                }
                Err(JobFailure::Refused(error)) if error.error == ErrorCode::NoBlob => {
                    Ok(Some(blob))
                }
                Err(failure) => Err(failure),
            }
        });
        Ok(try_join_all(asked).await?.into_iter().flatten().collect())
    }

    /// Uploads a blob. A long file is streamed.
    ///
    /// # Errors
    /// [`JobFailure::Local`] if the source cannot be read; [`JobFailure::Refused`] with [`ErrorCode::WrongDigest`] if it
    /// has another digest.
    pub(crate) async fn upload(
        &self,
        blob: &Digest,
        source: BlobSource,
    ) -> Result<Received<()>, JobFailure> {
        let request = self.http.put(self.url(&format!("/blobs/{blob}")));
        let (request, time) = match source {
            BlobSource::Bytes(bytes) => (request.body(bytes), Duration::ZERO),
            BlobSource::File(path) => with_file(request, path).await?,
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
        }
        match writer.finish(Some(&blob)) {
            Ok(_) => Ok(()),
            Err(BlobError::Mismatch { expected, actual }) => {
                Err(JobFailure::WrongBlob { expected, actual })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks for a blob.
    async fn request_blob(&self, blob: Digest) -> Result<(Response, Option<String>), JobFailure> {
        self.send(self.http.get(self.url(&format!("/blobs/{blob}")))).await
    }
}

/// The request with the content of a file, and the time that it may take.
async fn with_file(
    request: RequestBuilder,
    path: PathBuf,
) -> Result<(RequestBuilder, Duration), JobFailure> {
    let length = fs::metadata(&path).await.map_err(BlobError::from)?.len();
    let time = Duration::from_secs(length.div_ceil(SLOWEST_UPLOAD));
    if length <= SHORT_BLOB {
        let bytes = fs::read(path).await.map_err(BlobError::from)?;
        return Ok((request.body(bytes), time));
    }
    let file = File::open(path).await.map_err(BlobError::from)?;
    let body = Body::wrap_stream(ReaderStream::with_capacity(file, PART));
    Ok((request.header(header::CONTENT_LENGTH, length).body(body), time))
}
