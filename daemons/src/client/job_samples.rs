//! The client's jobs as samples for testers: those that a worker has not seen, because they wait or went to others, and those
//! that it got.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use alloy::primitives::{Address, B256};
use muster_client::Agreement;
use muster_compute::{BlobStore, Digest, Job};
use muster_messaging::{
    BoxError, MAX_LISTED, PIECE_SIZE, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece,
    SampleSource,
};
use rand::seq::{IndexedRandom, SliceRandom};

use crate::store::{Store, StoredAnswer, StoredJob};

/// The jobs of one agreement.
#[derive(Debug)]
pub(super) struct JobSamples {
    /// The agreement.
    agreement: Agreement,
    /// The journal of jobs.
    store: Store,
    /// The blobs of jobs.
    blobs: BlobStore,
}

impl JobSamples {
    /// The jobs of a journal, as testers of an agreement get them.
    pub(super) const fn new(agreement: Agreement, store: Store, blobs: BlobStore) -> Self {
        Self { agreement, store, blobs }
    }

    /// One of the jobs that a worker was sent, at random; `None` if there is none that is small enough.
    ///
    /// # Errors
    /// A journal that cannot be read.
    pub(super) fn sent_job(&self, worker: u8) -> Result<Option<Job>, BoxError> {
        let list = self.list(self.agreement.address(), worker)?;
        let Some(info) = list.sent.choose(&mut rand::rng()) else { return Ok(None) };
        let stored = self.store.job(Digest::from_bytes(info.job.0))?;
        Ok(stored.map(|stored| Job::parse(&stored.document)).transpose()?)
    }

    /// Where a blob is.
    pub(super) fn path(&self, blob: &Digest) -> PathBuf {
        self.blobs.path(blob)
    }

    /// A job as a sample, and its content, if it and all its blobs are here and small enough.
    fn sample(&self, stored: &StoredJob) -> Option<(SampleInfo, Job)> {
        let job = Job::parse(&stored.document).ok()?;
        let blobs: BTreeSet<_> = job.blobs().collect();
        let document = u64::try_from(job.canonical().len()).ok()?;
        let size = blobs.iter().try_fold(document, |sum, blob| {
            let size = self.blobs.size(blob).ok().flatten()?;
            Some(sum.saturating_add(size))
        })?;
        let size = u32::try_from(size).ok().filter(|size| *size <= SAMPLE_LIMIT)?;
        Some((SampleInfo { job: B256::new(*stored.id.as_bytes()), size }, job))
    }
}

/// Whether workers contradict each other, or the result that was agreed.
fn is_disputed(job: &StoredJob, answers: &[StoredAnswer]) -> bool {
    let results = answers.iter().filter_map(|answer| Some(&answer.result.as_ref()?.0));
    let mut results = results.chain(&job.result);
    let first = results.next();
    results.any(|result| Some(result) != first)
}

impl SampleSource for JobSamples {
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError> {
        let Some(worker) = self.agreement.terms().worker(worker) else {
            return Ok(SampleList::default());
        };
        if agreement != self.agreement.address() {
            return Ok(SampleList::default());
        }
        let (mut unseen, mut disputed, mut sent) = (Vec::new(), Vec::new(), Vec::new());
        let mut jobs = self.store.jobs()?;
        // Testers do not all get the same ones.
        jobs.shuffle(&mut rand::rng());
        for job in jobs.iter().filter(|job| !job.is_cancelled) {
            let answers = self.store.job_answers(job.id)?;
            let is_seen = answers.iter().any(|answer| answer.worker == worker.account);
            let kind = match (is_disputed(job, &answers), is_seen) {
                (true, _) => &mut disputed,
                (false, true) => &mut sent,
                (false, false) => &mut unseen,
            };
            if kind.len() < MAX_LISTED {
                kind.extend(self.sample(job).map(|(info, _)| info));
            }
        }
        disputed.append(&mut sent);
        Ok(SampleList { unseen, sent: disputed, service: None })
    }

    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        let [id, blob] = [job, blob].map(|digest| Digest::from_bytes(digest.0));
        let stored = self.store.job(id)?.filter(|job| !job.is_cancelled);
        let Some(stored) = stored.filter(|_| agreement == self.agreement.address()) else {
            return Ok(None);
        };
        let Some((_, job)) = self.sample(&stored) else { return Ok(None) };
        if blob == id {
            return Ok(cut(&stored.document, offset));
        }
        if !job.blobs().any(|named| named == blob) {
            return Ok(None);
        }
        Ok(read(&self.blobs.read(&blob)?, offset)?)
    }
}

/// The piece of a document that begins at `offset`.
pub(super) fn cut(document: &[u8], offset: u32) -> Option<SamplePiece> {
    let rest = document.get(usize::try_from(offset).ok()?..)?;
    let length = rest.len().min(usize::try_from(PIECE_SIZE).ok()?);
    let size = u32::try_from(document.len()).ok()?;
    Some(SamplePiece { size, bytes: rest.get(..length)?.to_vec() })
}

/// The piece of a file that begins at `offset`.
pub(super) fn read(file: &File, offset: u32) -> std::io::Result<Option<SamplePiece>> {
    let size = u32::try_from(file.metadata()?.len()).unwrap_or(u32::MAX);
    let Some(left) = size.checked_sub(offset) else { return Ok(None) };
    let length = usize::try_from(left.min(PIECE_SIZE)).unwrap_or_default();
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset.into())?;
    Ok(Some(SamplePiece { size, bytes }))
}
