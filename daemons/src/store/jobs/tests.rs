use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::ResultSignature;
use muster_compute::{Digest, JobResult, Outcome};

use super::{StoredAnswer, StoredJob};
use crate::store::tests::{AGREEMENT, open};

#[test]
fn jobs_and_what_workers_signed_are_kept() {
    let (_folder, store) = open();
    let (id, other) = (Digest::of(b"job"), Digest::of(b"other"));
    let job = |id, created| StoredJob {
        id,
        document: b"{}".to_vec(),
        label: "primes".to_owned(),
        created,
        is_cancelled: false,
        result: None,
    };
    store.record_job(&job(id, 7)).unwrap();
    store.record_job(&job(other, 6)).unwrap();
    store.cancel_job(id).unwrap();
    assert_eq!(
        store.jobs().unwrap(),
        [job(other, 6), StoredJob { is_cancelled: true, ..job(id, 7) }]
    );
    // Submitted again, it is the same job, and goes on.
    store.record_job(&job(id, 9)).unwrap();
    assert_eq!(store.job(id).unwrap(), Some(job(id, 7)));
    assert_eq!(store.job(Digest::of(b"none")).unwrap(), None);

    let asked = StoredAnswer::asked(Address::repeat_byte(1), AGREEMENT);
    let failed = StoredAnswer { failure: Some("out of time".to_owned()), ..asked.clone() };
    let (outcome, stdout) = (Outcome::Exit(3), Digest::of(b""));
    let result = JobResult { job: id, outcome, outputs: Vec::new(), stdout };
    let signer = PrivateKeySigner::random();
    let signature = ResultSignature::sign(&signer, B256::ZERO, B256::ZERO, B256::ZERO).unwrap();
    let answered = StoredAnswer {
        result: Some((result.clone(), signature)),
        stderr: Some(other),
        cpu_ms: Some(12),
        trap: Some("unreachable".to_owned()),
        ..asked.clone()
    };
    store.record_job_answer(id, &asked).unwrap();
    assert_eq!(store.job_answers(id).unwrap(), std::slice::from_ref(&asked));
    store.record_job_answer(id, &failed).unwrap();
    assert_eq!(store.job_answers(id).unwrap(), [failed]);
    store.record_job_answer(id, &asked).unwrap();
    assert_eq!(store.job_answers(id).unwrap(), std::slice::from_ref(&asked), "asked once more");
    store.record_job_answer(id, &answered).unwrap();
    store.record_job_answer(id, &asked).unwrap();
    assert_eq!(store.job_answers(id).unwrap(), [answered], "an answer is never lost");
    assert_eq!(store.job_answers(other).unwrap(), []);
    store.record_job_result(id, &result).unwrap();
    assert_eq!(store.job(id).unwrap().unwrap().result, Some(result));
    store.close_agreement(AGREEMENT).unwrap();
    assert_eq!(store.job_answers(id).unwrap().len(), 1, "results outlive their agreement");
}
