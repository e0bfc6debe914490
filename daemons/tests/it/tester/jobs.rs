//! Workers that run jobs: a right result is served, and nothing else is. No test configures a check.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256};
use muster_compute::{Digest, Job, JobDocument};
use muster_messaging::{BoxError, PIECE_SIZE, SampleInfo, SampleList, SamplePiece, SampleSource};

use super::fixture::TesterFixture;
use super::mocks::Behavior;
use super::running::wait_until;
use crate::probing::{PROBES, TICKS};

/// Jobs of a client in memory.
#[derive(Debug, Default)]
struct MockSource {
    /// Documents and blobs.
    blobs: Mutex<HashMap<B256, Vec<u8>>>,
    /// What testers are told.
    list: Mutex<SampleList>,
    /// The pieces that were asked for: job, blob, offset.
    pieces: Mutex<Vec<(B256, B256, u32)>>,
}

impl SampleSource for MockSource {
    fn list(&self, _: Address, _: u8) -> Result<SampleList, BoxError> {
        Ok(self.list.lock().unwrap().clone())
    }

    fn piece(
        &self,
        _: Address,
        job: B256,
        blob: B256,
        offset: u32,
    ) -> Result<Option<SamplePiece>, BoxError> {
        self.pieces.lock().unwrap().push((job, blob, offset));
        let blobs = self.blobs.lock().unwrap();
        let Some(bytes) = blobs.get(&blob) else { return Ok(None) };
        let from = usize::try_from(offset)?;
        let to = bytes.len().min(from + usize::try_from(PIECE_SIZE)?);
        let piece = SamplePiece { size: bytes.len().try_into()?, bytes: bytes[from..to].to_vec() };
        Ok(Some(piece))
    }
}

impl MockSource {
    /// Adds a blob.
    fn put(&self, bytes: Vec<u8>) -> Digest {
        let digest = Digest::of(&bytes);
        self.blobs.lock().unwrap().insert(B256::new(*digest.as_bytes()), bytes);
        digest
    }

    /// Adds a job that exits with a code, and whose module is larger than a piece.
    fn job(&self, code: u32, change: impl FnOnce(&mut JobDocument)) -> SampleInfo {
        let padding = "x".repeat(20_000);
        let module = wat::parse_str(format!(
            r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1) (data "{padding}")
            (func (export "_start") (call $exit (i32.const {code}))))"#
        ));
        let mut document = JobDocument::new(self.put(module.unwrap()));
        change(&mut document);
        let job = Job::new(document).unwrap();
        let id = self.put(job.canonical().to_vec());
        SampleInfo { job: B256::new(*id.as_bytes()), size: 21_000 }
    }
}

/// Makes the probes of a window one after the other.
async fn probe(fixture: &TesterFixture, window: u8) {
    fixture.probe_window(window, &vec![PROBES; fixture.workers.len()]).await;
}

/// The ids of the jobs that a worker got.
fn posted(fixture: &TesterFixture, worker: usize) -> Vec<B256> {
    let documents = fixture.workers[worker].jobs.as_ref().unwrap().posted();
    let ids = documents.into_iter().map(|document| Job::new(document).unwrap().id());
    ids.map(|id| B256::new(*id.as_bytes())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn right_results_are_served_and_wrong_ones_are_not() {
    let behaviors = [
        Behavior::Honest,
        Behavior::WrongResults,
        Behavior::ForeignSignatures,
        Behavior::NoOutputs,
        Behavior::SeenModules,
    ];
    let mut fixture = TesterFixture::start_for_jobs(5).await;
    fixture.answer_passes().await;
    for (worker, behavior) in fixture.workers.iter().zip(behaviors) {
        worker.set_behavior(behavior);
    }
    probe(&fixture, 0).await;
    let served = [0, 1, 2, 3, 4].map(|index| fixture.measured(index, 0).served);
    assert_eq!(served, [PROBES, 0, 0, 0, 0]);
    for worker in &fixture.workers {
        worker.set_behavior(Behavior::Honest);
    }
    probe(&fixture, 1).await;
    let report = fixture.until_reported().await;
    let mut expected = Vec::new();
    for index in 0..5 {
        let of_first = if index == 0 { PROBES } else { 0 };
        expected.push(fixture.finding(index, 0, of_first));
        expected.push(fixture.finding(index, 1, PROBES));
    }
    assert_eq!(TesterFixture::findings(&report), expected);
    let jobs: Vec<_> = (0..5).flat_map(|worker| posted(&fixture, worker)).collect();
    let different: HashSet<_> = jobs.iter().collect();
    assert_eq!(different.len(), jobs.len(), "no job is posted twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_result_of_another_job_is_not_served() {
    let mut fixture = TesterFixture::start_for_jobs(1).await;
    fixture.answer_passes().await;
    let ticks = fixture.probe_ticks(0, 0).await;
    // It needs a first job to repeat its result.
    fixture.probe_until(0, ticks[1], true).await;
    fixture.workers[0].set_behavior(Behavior::OtherJobs);
    probe(&fixture, 0).await;
    assert_eq!(fixture.measured(0, 0).served, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_the_client_are_posted_too_but_a_worker_that_knows_only_them_is_found_out() {
    let mut fixture = TesterFixture::start_for_jobs(1).await;
    let source = Arc::new(MockSource::default());
    let sent: Vec<_> = (0..8).map(|code| source.job(code, |_| {})).collect();
    source.list.lock().unwrap().sent = sent.clone();
    fixture.samples = Some(source.clone());
    fixture.workers[0].set_behavior(Behavior::SeenModules);
    let jobs = fixture.workers[0].jobs.as_ref().unwrap();
    for blob in source.blobs.lock().unwrap().keys() {
        jobs.learn(Digest::from_bytes(blob.0));
    }
    fixture.answer_passes().await;
    let mut ids = HashSet::new();
    for window in 0..2 {
        let first = fixture.probe_ticks(0, window).await[0];
        fixture.chain.advance_to(first - 1).await;
        let known = source.pieces.lock().unwrap().len();
        wait_until(async || known > 0 && source.pieces.lock().unwrap().len() >= known).await;
        probe(&fixture, window).await;
        assert!(fixture.measured(0, window).served <= PROBES / 2);
        ids.extend(posted(&fixture, 0));
    }
    assert!(sent.iter().any(|info| ids.contains(&info.job)), "a job of the client");
    assert!(ids.iter().any(|id| !sent.iter().any(|info| info.job == *id)), "and another one");
    // The module of all jobs is another one, but each is fetched once, in pieces.
    let pieces = source.pieces.lock().unwrap().clone();
    let different: HashSet<_> = pieces.iter().collect();
    assert_eq!(different.len(), pieces.len(), "{pieces:?}");
    assert!(pieces.iter().any(|(_, _, offset)| *offset == 2 * PIECE_SIZE));
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_that_are_no_good_are_not_held_against_the_worker() {
    let mut fixture = TesterFixture::start_for_jobs(1).await;
    let source = Arc::new(MockSource::default());
    let absent = B256::repeat_byte(7);
    let large = source.job(1, |document| document.limits.memory = 2 << 30);
    let incomplete = source.job(2, |document| document.stdin = Some(Digest::of(b"nowhere")));
    let broken = {
        let mut document = JobDocument::new(source.put(b"no module".to_vec()));
        document.arguments = vec!["x".to_owned()];
        let id = source.put(Job::new(document).unwrap().canonical().to_vec());
        SampleInfo { job: B256::new(*id.as_bytes()), size: 500 }
    };
    let lie = SampleInfo { job: absent, size: 1 };
    *source.list.lock().unwrap() =
        SampleList { unseen: vec![large, incomplete, lie], sent: vec![broken] };
    fixture.samples = Some(source.clone());
    fixture.answer_passes().await;
    for window in 0..2 {
        fixture.chain.advance(TICKS / 4).await;
        probe(&fixture, window).await;
        assert_eq!(fixture.measured(0, window).served, PROBES);
    }
    let bad = [large, incomplete, broken, lie].map(|info| info.job);
    assert!(!posted(&fixture, 0).iter().any(|id| bad.contains(id)));
    let asked: HashSet<_> = source.pieces.lock().unwrap().iter().map(|piece| piece.0).collect();
    assert!(asked.len() >= 2, "{asked:?}");
}
