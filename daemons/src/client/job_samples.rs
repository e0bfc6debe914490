//! The client's jobs, as testers get them: those that a worker has not seen, and those that it was sent.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use alloy::primitives::{Address, B256};
use muster_client::Agreement;
use muster_compute::{BlobStore, Digest, Job};
use muster_messaging::{
    BoxError, MAX_LISTED, PIECE_SIZE, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece,
    SampleSource,
};
use rand::seq::IndexedRandom;

use crate::store::{Store, StoredAnswer, StoredJob};

/// The jobs of the state file, as far as they are small enough.
#[derive(Debug)]
pub(super) struct JobSamples {
    /// The agreement.
    pub(super) agreement: Agreement,
    /// The jobs.
    pub(super) store: Store,
    /// Their blobs.
    pub(super) blobs: BlobStore,
}

impl JobSamples {
    /// What a tester is told of a job; `None` if it is too large, or a blob of it is gone.
    fn info(&self, stored: &StoredJob) -> Result<Option<SampleInfo>, BoxError> {
        let job = Job::parse(&stored.document)?;
        let mut size = u64::try_from(stored.document.len())?;
        for blob in job.blobs().collect::<BTreeSet<_>>() {
            let Some(length) = self.blobs.size(&blob)? else { return Ok(None) };
            size = size.saturating_add(length);
        }
        let size = u32::try_from(size).ok().filter(|size| *size <= SAMPLE_LIMIT);
        Ok(size.map(|size| SampleInfo { job: B256::new(*stored.id.as_bytes()), size }))
    }
}

impl JobSamples {
    /// One of the jobs that a worker was sent, at random; `None` if there is none that is small enough.
    pub(super) fn sent_job(&self, worker: u8) -> Result<Option<Job>, BoxError> {
        let list = self.list(self.agreement.address(), worker)?;
        let Some(info) = list.sent.choose(&mut rand::rng()) else { return Ok(None) };
        let stored = self.store.job(Digest::from_bytes(info.job.0))?;
        Ok(stored.map(|stored| Job::parse(&stored.document)).transpose()?)
    }
}

impl SampleSource for JobSamples {
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError> {
        let (mut list, mut disputed) = (SampleList::default(), Vec::new());
        let terms = self.agreement.terms().worker(worker);
        let Some(terms) = terms.filter(|_| agreement == self.agreement.address()) else {
            return Ok(list);
        };
        // The newest first: old ones may be known everywhere.
        for stored in self.store.jobs()?.into_iter().rev().filter(|job| !job.is_cancelled) {
            let Some(info) = self.info(&stored)? else { continue };
            let answers = self.store.job_answers(stored.id)?;
            if !answers.iter().any(|answer| answer.worker == terms.account) {
                list.unseen.push(info);
            } else if is_disputed(&answers) {
                disputed.push(info);
            } else {
                list.sent.push(info);
            }
            if list.unseen.len().min(list.sent.len()) >= MAX_LISTED {
                break;
            }
        }
        disputed.append(&mut list.sent);
        list.sent = disputed;
        list.unseen.truncate(MAX_LISTED);
        list.sent.truncate(MAX_LISTED);
        Ok(list)
    }

    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        let (id, blob) = (Digest::from_bytes(job.0), Digest::from_bytes(blob.0));
        let stored = self.store.job(id)?.filter(|_| agreement == self.agreement.address());
        let Some(stored) = stored else { return Ok(None) };
        if self.info(&stored)?.is_none() {
            return Ok(None);
        }
        if blob == id {
            let size = u32::try_from(stored.document.len())?;
            let piece = usize::try_from(PIECE_SIZE)?;
            let bytes = stored.document.into_iter().skip(usize::try_from(offset)?).take(piece);
            return Ok((offset < size).then(|| SamplePiece { size, bytes: bytes.collect() }));
        }
        if !Job::parse(&stored.document)?.blobs().any(|named| named == blob) {
            return Ok(None);
        }
        let Some(size) = self.blobs.size(&blob)? else { return Ok(None) };
        let size = u32::try_from(size)?;
        if offset >= size {
            return Ok(None);
        }
        let mut file = self.blobs.read(&blob)?;
        file.seek(SeekFrom::Start(offset.into()))?;
        let mut bytes = Vec::new();
        file.take(PIECE_SIZE.into()).read_to_end(&mut bytes)?;
        Ok(Some(SamplePiece { size, bytes }))
    }
}

/// Whether workers signed different results of a job.
fn is_disputed(answers: &[StoredAnswer]) -> bool {
    let signed = answers.iter().filter_map(|answer| answer.result.as_ref());
    signed.filter_map(|(result, _)| result.digest().ok()).collect::<BTreeSet<_>>().len() > 1
}
