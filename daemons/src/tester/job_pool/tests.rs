//! Which job a probe gets.

use std::collections::BTreeSet;

use super::*;
use crate::test_runner::TestRunner;

/// A pool.
fn pool(runner: &TestRunner) -> JobPool {
    JobPool::new(runner.reference())
}

/// A list entry.
fn info(job: u8) -> SampleInfo {
    SampleInfo { job: B256::repeat_byte(job), size: 10 }
}

#[test]
fn at_least_half_of_the_jobs_are_unseen_and_a_secret_says_which() {
    let mut orders = BTreeSet::new();
    for (count, sent) in [(0, 0), (1, 0), (3, 1), (12, 6)] {
        for seed in 0..20 {
            let kinds = kinds(B256::repeat_byte(seed), count);
            assert_eq!(kinds.len(), count);
            assert_eq!(kinds.iter().filter(|kind| **kind == JobKind::Sent).count(), sent);
            orders.insert(format!("{kinds:?}"));
        }
    }
    assert!(orders.len() > 20, "{}", orders.len());
}

#[tokio::test]
async fn samples_are_taken_by_kind_and_then_synthetic_jobs() {
    let runner = TestRunner::new(|_| {});
    let pool = pool(&runner);
    let mut ids = Vec::new();
    for kind in [JobKind::Unseen, JobKind::Unseen, JobKind::Sent] {
        let job = pool.runner.synthetic().await.unwrap();
        ids.push(job.bundle.job.id());
        pool.add(kind, job);
    }
    let mut taken = Vec::new();
    for kind in [JobKind::Sent, JobKind::Sent, JobKind::Unseen, JobKind::Sent, JobKind::Unseen] {
        taken.push(pool.take(kind).await.unwrap().bundle.job.id());
    }
    assert_eq!(taken[..3], [ids[2], ids[1], ids[0]], "the newest first; unseen ones for both");
    let different: BTreeSet<_> = taken.iter().collect();
    assert_eq!(different.len(), 5, "each is used once");
}

#[tokio::test]
async fn a_sent_job_is_not_taken_for_an_unseen_one() {
    let runner = TestRunner::new(|_| {});
    let pool = pool(&runner);
    let job = pool.runner.synthetic().await.unwrap();
    let id = job.bundle.job.id();
    pool.add(JobKind::Sent, job);
    assert_ne!(pool.take(JobKind::Unseen).await.unwrap().bundle.job.id(), id);
    assert_eq!(pool.take(JobKind::Sent).await.unwrap().bundle.job.id(), id);
}

#[tokio::test]
async fn the_first_new_sample_of_the_rarer_kind_is_chosen() {
    let runner = TestRunner::new(|_| {});
    let pool = pool(&runner);
    let large = SampleInfo { size: SAMPLE_LIMIT + 1, ..info(9) };
    let list =
        SampleList { unseen: vec![large, info(1), info(2)], sent: vec![info(3)], service: None };
    assert_eq!(pool.choose(&list), Some((JobKind::Unseen, info(1))));
    pool.add(JobKind::Unseen, pool.runner.synthetic().await.unwrap());
    assert_eq!(pool.choose(&list), Some((JobKind::Sent, info(3))));
    assert_eq!(pool.choose(&list), Some((JobKind::Unseen, info(2))));
    assert_eq!(pool.choose(&list), None, "none is chosen twice");
}

#[tokio::test]
async fn old_samples_make_room() {
    let runner = TestRunner::new(|_| {});
    let pool = pool(&runner);
    for _ in 0..=MAX_POOLED {
        pool.add(JobKind::Unseen, pool.runner.synthetic().await.unwrap());
    }
    assert_eq!(pool.samples.lock().unwrap().unseen.len(), MAX_POOLED);
}

#[tokio::test]
async fn without_a_runner_there_is_no_job() {
    let runner = TestRunner::new(|settings| settings.program = "/bin/true".into());
    assert!(pool(&runner).take(JobKind::Unseen).await.is_none());
}
