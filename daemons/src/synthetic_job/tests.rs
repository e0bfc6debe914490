//! Synthetic jobs are what they say: fresh, repeatable, valid, and the same for every engine.

use std::collections::{BTreeSet, HashSet};

use muster_compute::{Limits, Optimization, Outcome, check_module};
use proptest::prelude::{any, prop_assert, prop_assert_eq, prop_assert_ne, prop_assume, proptest};

use super::*;
use crate::test_runner::TestRunner;

/// The job of a seed.
fn job(seed: [u8; 32]) -> JobBundle {
    synthesize(seed).unwrap()
}

/// The job of a small number.
fn numbered(number: u8) -> JobBundle {
    job([number; 32])
}

proptest! {
    #[test]
    fn a_seed_has_one_job_and_no_two_have_the_same_module(
        seed: [u8; 32],
        at in 0..32_usize,
        flip in 1..=255_u8,
        other: [u8; 32],
    ) {
        let (first, again) = (job(seed), job(seed));
        prop_assert_eq!(&first.job, &again.job);
        prop_assert_eq!(&first.blobs, &again.blobs);
        let mut near = seed;
        near[at] ^= flip;
        prop_assume!(other != seed);
        for seed in [near, other] {
            prop_assert_ne!(first.job.document().module, job(seed).job.document().module);
        }
    }

    #[test]
    fn a_job_is_complete_and_within_what_every_worker_takes(seed in any::<[u8; 32]>()) {
        let JobBundle { job, blobs } = job(seed);
        for (digest, bytes) in &blobs {
            prop_assert_eq!(*digest, Digest::of(bytes));
        }
        let named: BTreeSet<_> = job.blobs().collect();
        prop_assert!(named.iter().eq(blobs.keys()), "blobs and nothing else");
        let (Limits { memory, storage, time }, most) = (job.document().limits, Limits::default());
        prop_assert!(memory <= most.memory && storage <= most.storage && time <= most.time);
        let module = check_module(&blobs[&job.document().module]).unwrap();
        prop_assert!(module.initial_memory <= memory);
    }
}

#[test]
fn jobs_are_unlike_each_other() {
    let jobs: Vec<_> = (0..100).map(numbered).collect();
    let sizes: HashSet<_> =
        jobs.iter().map(|job| job.blobs[&job.job.document().module].len()).collect();
    assert!(sizes.len() > 95, "{sizes:?}");
    let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
    assert!(most > &(5 * least), "{least} to {most}");
    let shape = |job: &JobBundle| {
        let document = job.job.document();
        (document.stdin.is_some(), document.inputs.len(), document.outputs.len())
    };
    let shapes: HashSet<_> = jobs.iter().map(shape).collect();
    assert_eq!(shapes.len(), 4, "{shapes:?}");
}

#[test]
fn every_engine_has_the_same_result_and_it_depends_on_the_seed() {
    let runners = [Optimization::Speed, Optimization::None]
        .map(|optimization| TestRunner::new(|settings| settings.optimization = optimization));
    let (mut outputs, mut outcomes) = (HashSet::new(), HashSet::new());
    for number in 0..40 {
        let bundle = numbered(number);
        let [result, other] = runners.each_ref().map(|runner| runner.run(&bundle).unwrap().result);
        assert_eq!(result, other);
        outcomes.insert(match result.outcome {
            Outcome::Exit(code) => code.min(2),
            Outcome::Trap => 3,
        });
        let files = result.outputs.iter().map(|file| file.blob);
        assert_eq!(files.len(), bundle.job.document().outputs.len(), "each writes its file");
        assert!(outputs.insert((result.stdout, files.collect::<Vec<_>>())), "job {number}");
    }
    assert!(outcomes.len() > 1, "{outcomes:?}");
}

#[test]
fn jobs_take_their_time_and_end() {
    let runner = TestRunner::new(|_| {});
    let times: Vec<_> = (0..40).map(|number| runner.run(&numbered(number)).unwrap().cpu).collect();
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*most > 3 * *least, "{least:?} to {most:?}");
}
