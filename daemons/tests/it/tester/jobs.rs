//! Workers that run jobs: a right result is served, and nothing else is. No test configures a check.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256};
use muster_compute::{Digest, Job, JobDocument};
use muster_messaging::{BoxError, PIECE_SIZE, SampleInfo, SampleList, SamplePiece, SampleSource};

use super::fixture::TesterFixture;
use super::mocks::Behavior;
use super::running::wait_until;
use crate::harness::WINDOWS;
use crate::probing::PROBES;

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

    /// Adds a job of a module that is larger than a piece. All have the same module.
    fn job(&self, argument: &str, change: impl FnOnce(&mut JobDocument)) -> SampleInfo {
        let padding = "x".repeat(20_000);
        let module = wat::parse_str(format!(
            r#"(module (memory (export "memory") 1) (data "{padding}") (func (export "_start")))"#
        ));
        let mut document = JobDocument::new(self.put(module.unwrap()));
        document.arguments = vec![argument.to_owned()];
        change(&mut document);
        let id = self.put(Job::new(document).unwrap().canonical().to_vec());
        SampleInfo { job: B256::new(*id.as_bytes()), size: 21_000 }
    }
}

/// Makes the probes of a window one after the other.
async fn probe(fixture: &TesterFixture, window: u8) {
    fixture.probe_window(window, &vec![PROBES; fixture.workers.len()]).await;
}

/// Advances to the tick before the first probe of a window.
async fn advance_to_first(fixture: &TesterFixture, window: u8) {
    let first = fixture.probe_ticks(0, window).await[0];
    fixture.chain.advance_to(first - 1).await;
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
    let sent: Vec<_> = (0..12).map(|number| source.job(&number.to_string(), |_| {})).collect();
    source.list.lock().unwrap().sent = sent.clone();
    fixture.samples = Some(source.clone());
    fixture.workers[0].set_behavior(Behavior::SeenModules);
    let jobs = fixture.workers[0].jobs.as_ref().unwrap();
    for blob in source.blobs.lock().unwrap().keys() {
        jobs.learn(Digest::from_bytes(blob.0));
    }
    fixture.answer_passes().await;
    let mut served = 0;
    for window in 0..WINDOWS {
        advance_to_first(&fixture, window).await;
        wait_until(async || !source.pieces.lock().unwrap().is_empty()).await;
        probe(&fixture, window).await;
        let of_window = fixture.measured(0, window).served;
        assert!(of_window <= PROBES / 2, "{of_window} in window {window}");
        served += of_window;
    }
    let ids = posted(&fixture, 0);
    let of_client = ids.iter().filter(|id| sent.iter().any(|info| info.job == **id)).count();
    assert_eq!(of_client, usize::from(served));
    assert!((1..=ids.len() / 2).contains(&of_client), "{of_client} of {}", ids.len());
    // The module of all jobs is fetched once, in pieces.
    let pieces = source.pieces.lock().unwrap().clone();
    let of_module = pieces.iter().filter(|(job, blob, _)| job != blob);
    let offsets: Vec<_> = of_module.map(|(_, _, offset)| *offset).collect();
    assert_eq!(offsets, [0, PIECE_SIZE, 2 * PIECE_SIZE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_that_are_no_good_are_not_held_against_the_worker() {
    let mut fixture = TesterFixture::start_for_jobs(1).await;
    let source = Arc::new(MockSource::default());
    let large = source.job("large", |document| document.limits.memory = 2 << 30);
    let incomplete =
        source.job("incomplete", |document| document.stdin = Some(Digest::of(b"nowhere")));
    let broken = source.put(b"no module".to_vec());
    let broken = source.job("broken", |document| document.module = broken);
    let missing = SampleInfo { job: B256::repeat_byte(7), size: 1 };
    let bad = [large, incomplete, broken, missing];
    *source.list.lock().unwrap() =
        SampleList { unseen: vec![large, incomplete], sent: vec![broken, missing], service: None };
    fixture.samples = Some(source.clone());
    fixture.answer_passes().await;
    for window in 0..WINDOWS {
        advance_to_first(&fixture, window).await;
        wait_until(async || !source.pieces.lock().unwrap().is_empty()).await;
        probe(&fixture, window).await;
        assert_eq!(fixture.measured(0, window).served, PROBES);
    }
    assert!(!posted(&fixture, 0).iter().any(|id| bad.iter().any(|info| info.job == *id)));
    let asked: HashSet<_> = source.pieces.lock().unwrap().iter().map(|piece| piece.0).collect();
    assert!(asked.len() >= 2, "{asked:?}");
}
