//! The client's jobs as samples, with which testers test its workers.

use std::collections::BTreeSet;
use std::io::{Read, Seek, SeekFrom};

use alloy::primitives::{Address, B256};
use muster_compute::{BlobStore, Digest, Job};
use muster_messaging::{
    BoxError, MAX_LISTED, PIECE_SIZE, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece,
    SampleSource,
};

use crate::store::{Store, StoredJob};

/// The jobs of a client, for the testers of one agreement.
#[derive(Debug)]
pub(super) struct JobSamples {
    /// The jobs, and what workers answered.
    pub(super) store: Store,
    /// Their blobs.
    pub(super) blobs: BlobStore,
    /// The agreement.
    pub(super) agreement: Address,
    /// Its workers, by index.
    pub(super) workers: Vec<Address>,
}

impl JobSamples {
    /// A job, and what it takes as a sample; `None` if it is too large, or blobs of it are gone.
    fn sample(&self, stored: &StoredJob) -> Result<Option<(Job, SampleInfo)>, BoxError> {
        let job = Job::parse(&stored.document)?;
        let mut size = u64::try_from(stored.document.len())?;
        for blob in job.blobs().collect::<BTreeSet<_>>() {
            let Some(bytes) = self.blobs.size(&blob)? else { return Ok(None) };
            size = size.saturating_add(bytes);
        }
        let size = u32::try_from(size).ok().filter(|size| *size <= SAMPLE_LIMIT);
        Ok(size.map(|size| (job, SampleInfo { job: B256::new(*stored.id.as_bytes()), size })))
    }
}

impl SampleSource for JobSamples {
    fn list(&self, agreement: Address, worker: u8) -> Result<SampleList, BoxError> {
        let (mut list, mut contested) = (SampleList::default(), Vec::new());
        let account = self.workers.get(usize::from(worker));
        let Some(account) = account.filter(|_| agreement == self.agreement) else {
            return Ok(list);
        };
        for stored in self.store.jobs()?.into_iter().rev() {
            let Some((_, info)) = self.sample(&stored)? else { continue };
            let answers = self.store.job_answers(stored.id)?;
            let results: BTreeSet<_> = answers
                .iter()
                .filter_map(|answer| answer.result.as_ref()?.0.digest().ok())
                .collect();
            if results.len() > 1 {
                contested.push(info);
            } else if answers.iter().any(|answer| answer.worker == *account) {
                list.sent.push(info);
            } else if !stored.is_cancelled {
                list.unseen.push(info);
            }
            if list.unseen.len().min(list.sent.len()) >= MAX_LISTED {
                break;
            }
        }
        contested.append(&mut list.sent);
        list.sent = contested;
        Ok(list)
    }

    fn piece(
        &self,
        agreement: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        let stored = self.store.job(Digest::from_bytes(job.0))?;
        let Some(stored) = stored.filter(|_| agreement == self.agreement) else { return Ok(None) };
        let Some((parsed, _)) = self.sample(&stored)? else { return Ok(None) };
        if blob == job {
            let size = u32::try_from(stored.document.len())?;
            let mut pieces = stored.document.chunks(usize::try_from(PIECE_SIZE)?);
            let piece = pieces.nth(usize::try_from(offset.div_ceil(PIECE_SIZE))?);
            return Ok(piece.map(|bytes| SamplePiece { size, bytes: bytes.to_vec() }));
        }
        let blob = Digest::from_bytes(blob.0);
        let size = self.blobs.size(&blob)?.filter(|_| parsed.blobs().any(|named| named == blob));
        let Some(size) = size else { return Ok(None) };
        if u64::from(offset) >= size && offset > 0 {
            return Ok(None);
        }
        let mut file = self.blobs.read(&blob)?;
        file.seek(SeekFrom::Start(offset.into()))?;
        let mut bytes = Vec::new();
        file.take(PIECE_SIZE.into()).read_to_end(&mut bytes)?;
        Ok(Some(SamplePiece { size: u32::try_from(size)?, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use muster_client::ResultSignature;
    use muster_compute::{JobDocument, JobResult, Outcome};
    use tempfile::TempDir;

    use super::*;
    use crate::store::{Identity, Role, StoredAnswer};

    /// The agreement.
    const AGREEMENT: Address = Address::repeat_byte(9);

    /// The workers at indexes 0 and 1.
    const WORKERS: [Address; 2] = [Address::repeat_byte(1), Address::repeat_byte(2)];

    /// A client without jobs, in a folder.
    fn samples(folder: &TempDir) -> JobSamples {
        let account = Address::repeat_byte(3);
        let identity = Identity { role: Role::Client, chain: 1, dispatcher: AGREEMENT, account };
        JobSamples {
            store: Store::open(&folder.path().join("state.db"), &identity).unwrap(),
            blobs: BlobStore::open(folder.path().join("blobs")).unwrap(),
            agreement: AGREEMENT,
            workers: WORKERS.to_vec(),
        }
    }

    /// Adds a job whose module has this content and was answered so by workers; returns its id.
    fn add(samples: &JobSamples, module: &[u8], answers: &[(usize, Option<u32>)]) -> B256 {
        let job = Job::new(JobDocument::new(samples.blobs.put(module).unwrap())).unwrap();
        let stored = StoredJob {
            id: job.id(),
            document: job.canonical().to_vec(),
            label: String::new(),
            created: 7,
            is_cancelled: false,
            result: None,
        };
        samples.store.record_job(&stored).unwrap();
        for (index, exit) in answers {
            let result = exit.map(|exit| {
                let stdout = Digest::of(b"");
                let (job, outcome) = (job.id(), Outcome::Exit(exit));
                let result = JobResult { job, outcome, outputs: Vec::new(), stdout };
                let signature = format!("0x{}", "11".repeat(64));
                (result, signature.parse::<ResultSignature>().unwrap())
            });
            let (worker, agreement) = (WORKERS[*index], AGREEMENT);
            let answer = StoredAnswer { worker, agreement, result, stderr: None, cpu_ms: None };
            samples.store.record_job_answer(job.id(), &answer).unwrap();
        }
        B256::new(*job.id().as_bytes())
    }

    /// The ids of a list.
    fn ids(list: &[SampleInfo]) -> Vec<B256> {
        list.iter().map(|info| info.job).collect()
    }

    #[test]
    fn a_worker_is_tested_with_jobs_that_it_has_not_seen_and_with_contested_ones_first() {
        let folder = TempDir::new().unwrap();
        let samples = samples(&folder);
        let waiting = add(&samples, b"waiting", &[]);
        let at_first = add(&samples, b"first", &[(0, None)]);
        let contested = add(&samples, b"contested", &[(0, Some(0)), (1, Some(1))]);
        add(&samples, &vec![0; 2 << 20], &[]);
        let first = samples.list(AGREEMENT, 0).unwrap();
        assert_eq!(
            (ids(&first.unseen), ids(&first.sent)),
            (vec![waiting], vec![contested, at_first])
        );
        let second = samples.list(AGREEMENT, 1).unwrap();
        let unseen: BTreeSet<_> = ids(&second.unseen).into_iter().collect();
        assert_eq!(unseen, BTreeSet::from([waiting, at_first]));
        assert_eq!(ids(&second.sent), [contested]);
        assert_eq!(samples.list(AGREEMENT, 2).unwrap(), SampleList::default());
        assert_eq!(samples.list(Address::ZERO, 0).unwrap(), SampleList::default());
    }

    #[test]
    fn a_blob_comes_in_pieces_and_only_with_its_job() {
        let folder = TempDir::new().unwrap();
        let samples = samples(&folder);
        let module: Vec<u8> = (0..20_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let job = add(&samples, &module, &[]);
        let other = add(&samples, b"other", &[]);
        let blob = B256::new(*Digest::of(&module).as_bytes());
        let mut all = Vec::new();
        while let Some(piece) =
            samples.piece(AGREEMENT, job, blob, u32::try_from(all.len()).unwrap()).unwrap()
        {
            assert_eq!(piece.size, 20_000);
            all.extend(piece.bytes);
        }
        assert_eq!(all, module);
        let document = samples.piece(AGREEMENT, job, job, 0).unwrap().unwrap();
        assert_eq!(Digest::of(&document.bytes).as_bytes(), &job.0);
        assert_eq!(samples.piece(AGREEMENT, job, job, PIECE_SIZE).unwrap(), None);
        assert_eq!(samples.piece(AGREEMENT, other, blob, 0).unwrap(), None);
        assert_eq!(samples.piece(Address::ZERO, job, blob, 0).unwrap(), None);
    }
}
