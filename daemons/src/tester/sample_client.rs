//! Fetches samples from the client: jobs with which a worker is probed. They are asked for under the tester's own key, which
//! workers do not see, and at moments that say nothing of the probes'.
//!
//! A client can send anything, so every blob is checked against its digest, every length against what is left of the limit, and
//! a job that asks for more than every worker must give is not used: a worker may refuse it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use alloy::primitives::B256;
use axum::body::Bytes;
use lru::LruCache;
use muster_compute::{Digest, Job, JobError, Limits};
use muster_messaging::{
    Content, Message, PIECE_SIZE, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece,
};
use tokio::time::timeout;

use super::seat::Seat;
use crate::job_bundle::JobBundle;
use crate::request_client::REPLY_TIMEOUT;
use crate::service_checks::{ServiceChecks, ServiceChecksError};

/// How many times a piece is asked for.
const ATTEMPTS: u8 = 3;

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
pub(super) enum SampleFailure {
    /// The client did not reply, or refused.
    #[error("the client sent no piece of blob {0}")]
    NoPiece(Digest),
    /// A piece does not fit to those before it.
    #[error("a piece of blob {0} has another length than the client announced")]
    WrongPiece(Digest),
    /// The pieces are not the blob.
    #[error("the pieces of blob {0} have another digest")]
    WrongBlob(Digest),
    /// Document and blobs together are too large.
    #[error("the sample has more than {SAMPLE_LIMIT} bytes")]
    TooLarge,
    /// The document is not that of a job.
    #[error(transparent)]
    Document(#[from] JobError),
    /// The document is another one than the job's.
    #[error("the document of job {0} is not in canonical form")]
    NotCanonical(Digest),
    /// The document is not that of a service's checks.
    #[error(transparent)]
    Checks(#[from] ServiceChecksError),
    /// A worker may refuse the job.
    #[error("the job asks for more than every worker gives")]
    Limits,
}

/// A blob of which pieces arrive, one after the other.
#[derive(Debug)]
struct PartialBlob {
    /// Its digest.
    digest: Digest,
    /// The length that the first piece announced.
    size: Option<u32>,
    /// What has arrived.
    bytes: Vec<u8>,
}

impl PartialBlob {
    /// A blob of which nothing has arrived.
    const fn new(digest: Digest) -> Self {
        Self { digest, size: None, bytes: Vec::new() }
    }

    /// Where the next piece begins.
    fn offset(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Appends the next piece. The whole may have `room` bytes. Returns whether it was the last.
    fn append(&mut self, piece: &SamplePiece, room: u32) -> Result<bool, SampleFailure> {
        let size = *self.size.get_or_insert(piece.size);
        if size > room {
            return Err(SampleFailure::TooLarge);
        }
        let left = size.saturating_sub(self.offset());
        let expected = usize::try_from(left.min(PIECE_SIZE)).unwrap_or(usize::MAX);
        if piece.size != size || piece.bytes.len() != expected {
            return Err(SampleFailure::WrongPiece(self.digest));
        }
        self.bytes.extend_from_slice(&piece.bytes);
        Ok(self.offset() == size)
    }

    /// The whole blob.
    fn finish(self) -> Result<Bytes, SampleFailure> {
        if Digest::of(&self.bytes) == self.digest {
            Ok(self.bytes.into())
        } else {
            Err(SampleFailure::WrongBlob(self.digest))
        }
    }
}

impl Seat {
    /// Asks the client for the jobs with which the worker at `index` can be tested; `None` if it does not tell.
    pub(super) async fn list_samples(&self, index: u8) -> Option<SampleList> {
        let (window, place) = (self.window, self.place);
        let request = Content::SampleListRequest { window, place, worker: index };
        match self.ask_client(request).await? {
            Content::SampleList(list) => Some(list),
            _ => None,
        }
    }

    /// Fetches a job and its blobs.
    pub(super) async fn fetch_sample(&self, info: &SampleInfo) -> Result<JobBundle, SampleFailure> {
        let id = Digest::from_bytes(info.job.0);
        let (mut room, mut cache) = (SAMPLE_LIMIT, self.samples.lock().await);
        let document = self.fetch_blob(id, id, &mut room, &mut cache).await?;
        let job = Job::parse(&document)?;
        if job.id() != id {
            return Err(SampleFailure::NotCanonical(id));
        }
        let (asked, most) = (job.document().limits, Limits::default());
        if asked.memory > most.memory || asked.storage > most.storage || asked.time > most.time {
            return Err(SampleFailure::Limits);
        }
        let mut blobs = BTreeMap::new();
        for blob in job.blobs() {
            if let Entry::Vacant(entry) = blobs.entry(blob) {
                entry.insert(self.fetch_blob(id, blob, &mut room, &mut cache).await?);
            }
        }
        Ok(JobBundle { job, blobs })
    }

    /// Fetches the checks of a service, and its component.
    pub(super) async fn fetch_service(
        &self,
        info: &SampleInfo,
    ) -> Result<(ServiceChecks, Bytes), SampleFailure> {
        let id = Digest::from_bytes(info.job.0);
        let (mut room, mut cache) = (SAMPLE_LIMIT, self.samples.lock().await);
        let document = self.fetch_blob(id, id, &mut room, &mut cache).await?;
        let checks = ServiceChecks::parse(&document)?;
        let component =
            self.fetch_blob(id, checks.service.component, &mut room, &mut cache).await?;
        Ok((checks, component))
    }

    /// Fetches a blob of a job, of which `room` bytes are left to fetch.
    async fn fetch_blob(
        &self,
        job: Digest,
        blob: Digest,
        room: &mut u32,
        cache: &mut LruCache<Digest, Bytes>,
    ) -> Result<Bytes, SampleFailure> {
        let bytes = if let Some(bytes) = cache.get(&blob) {
            bytes.clone()
        } else {
            let mut partial = PartialBlob::new(blob);
            while !partial.append(&self.fetch_piece(job, blob, partial.offset()).await?, *room)? {}
            let bytes = partial.finish()?;
            cache.put(blob, bytes.clone());
            bytes
        };
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        *room = room.checked_sub(size).ok_or(SampleFailure::TooLarge)?;
        Ok(bytes)
    }

    /// Asks the client for the piece of a blob that begins at `offset`.
    async fn fetch_piece(
        &self,
        job: Digest,
        blob: Digest,
        offset: u32,
    ) -> Result<SamplePiece, SampleFailure> {
        let (window, place) = (self.window, self.place);
        let [job, digest] = [job, blob].map(|digest| B256::new(*digest.as_bytes()));
        for _ in 0..ATTEMPTS {
            let request = Content::SamplePieceRequest { window, place, job, blob: digest, offset };
            match self.ask_client(request).await {
                Some(Content::SamplePiece(piece)) => return Ok(piece),
                Some(_) => break,
                None => {}
            }
        }
        Err(SampleFailure::NoPiece(blob))
    }

    /// Asks the client something under the tester's own key, once; `None` if it does not reply in time.
    async fn ask_client(&self, content: Content) -> Option<Content> {
        let client = self.agreement.client_key().await.ok().flatten()?;
        let request = Message::request(self.chain_id(), self.agreement.address(), content);
        let reply = self.probe_context.request_client.request(client, request);
        timeout(REPLY_TIMEOUT, reply).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests;
