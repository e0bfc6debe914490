//! Runs of jobs that are good, broken and hostile.

use muster_compute::{Digest, Job, JobDocument, Outcome};

use super::*;
use crate::test_runner::{TestRunner, bundle};

/// A module whose `_start` is this.
fn start(body: &str) -> String {
    format!(r#"(module (memory (export "memory") 1) (func (export "_start") {body}))"#)
}

/// What comes of a module.
async fn run(runner: &TestRunner, wat: &str) -> Result<ReferenceJob, ReferenceError> {
    runner.reference().run(bundle(wat, |_| {})).await
}

#[tokio::test]
async fn a_reference_has_result_outputs_and_leaves_no_blob() {
    let runner = TestRunner::new(|_| {});
    let job = run(&runner, &start("")).await.unwrap();
    assert_eq!(job.result.outcome, Outcome::Exit(0));
    assert_eq!(job.stdout_size, 0);
    assert_eq!(runner.blob_count(), 0);
    // A trap is a result too.
    assert_eq!(run(&runner, &start("unreachable")).await.unwrap().result.outcome, Outcome::Trap);
    assert_eq!(runner.blob_count(), 0);
}

#[tokio::test]
async fn hostile_jobs_have_no_reference_and_harm_none_after_them() {
    let runner = TestRunner::new(|settings| settings.limits.memory = 16 << 20);
    let modest = |document: &mut JobDocument| document.limits.memory = 1 << 20;
    let endless = runner.reference_for(Duration::from_millis(300));
    let ended = endless.run(bundle(&start("(loop (br 0))"), modest)).await;
    assert!(matches!(ended, Err(ReferenceError::TooSlow)), "{ended:?}");
    let greedy = run(&runner, &start("")).await;
    assert!(matches!(greedy, Err(ReferenceError::Run(RunError::Limit { name: "memory", .. }))));
    let foreign = r#"(module (import "env" "f" (func)) (func (export "_start")))"#;
    let refused = runner.reference().run(bundle(foreign, modest)).await;
    assert!(matches!(refused, Err(ReferenceError::Run(RunError::Module(_)))));
    let good = runner.reference().run(bundle(&start(""), modest)).await.unwrap();
    assert_eq!(good.result.outcome, Outcome::Exit(0));
    assert_eq!(runner.blob_count(), 0);
}

#[tokio::test]
async fn a_job_whose_compilation_does_not_end_has_no_reference_and_harms_none_after_it() {
    let block = "(block (br_if 0 (i64.eqz (local.get 0))) (local.set 1 (i64.mul (local.get 0) (local.get 1))))";
    let bomb = start(&format!("(local i64 i64) {}", block.repeat(120_000)));
    for (limits, phase) in [
        (CompileLimits { time: Duration::from_millis(500), memory: 4 << 30 }, "time"),
        (CompileLimits { time: Duration::from_mins(10), memory: 160 << 20 }, "memory"),
    ] {
        let runner = TestRunner::new(|settings| settings.compile = limits);
        let ended = run(&runner, &bomb).await.unwrap_err();
        let is_unfinished = matches!(ended, ReferenceError::Run(RunError::Unfinished(_)));
        assert!(is_unfinished && ended.to_string().contains(phase), "{ended}");
        assert_eq!(run(&runner, &start("")).await.unwrap().result.outcome, Outcome::Exit(0));
        assert_eq!(runner.blob_count(), 0);
    }
}

#[tokio::test]
async fn a_job_without_its_blobs_has_no_reference() {
    let runner = TestRunner::new(|_| {});
    let JobBundle { job, .. } = bundle(&start(""), |_| {});
    let document = JobDocument { stdin: Some(Digest::of(b"nowhere")), ..job.document().clone() };
    let bundle = JobBundle { job: Job::new(document).unwrap(), blobs: [].into() };
    let ended = runner.reference().run(bundle).await;
    assert!(matches!(ended, Err(ReferenceError::Run(RunError::Blob(BlobError::Missing(_))))));
}

#[tokio::test]
async fn blobs_of_an_earlier_process_are_deleted() {
    let runner = TestRunner::new(|_| {});
    runner.leave_a_blob();
    assert_eq!(runner.blob_count(), 1);
    run(&runner, &start("")).await.unwrap();
    assert_eq!(runner.blob_count(), 0);
}
