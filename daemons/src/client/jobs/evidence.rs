//! Signed results that contradict each other, as a file that anybody can check without a chain.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, keccak256};
use muster_client::protocol::receipt::domain_separator;
use muster_compute::{Digest, Job, JobDocument, JobError, JobResult};
use muster_job_api::SignedResult;
use serde::{Deserialize, Serialize};

use crate::job_client::{JobFailure, ResultSigner};

/// Signed results of one job.
///
/// They say nothing of the job's blobs: who has these can run the job and see who is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The chain of the agreements.
    pub chain: u64,
    /// The job.
    pub job: JobDocument,
    /// What workers signed.
    pub statements: Vec<Statement>,
}

/// What a worker signed for a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The agreement.
    pub agreement: Address,
    /// The worker's account.
    pub worker: Address,
    /// The result.
    pub result: JobResult,
    /// The worker's signature.
    pub signature: String,
}

/// Why a file is no evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// The job is malformed.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A statement is not of this job, or not of its worker.
    #[error("statement {number} is not what it says: {reason}")]
    Statement {
        /// Its number, from 1.
        number: usize,
        /// What is wrong.
        reason: Box<JobFailure>,
    },
}

impl Evidence {
    /// Checks every signature, and returns the job and the digests of the results that each worker signed.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn check(&self) -> Result<(Job, BTreeMap<Address, BTreeSet<Digest>>), EvidenceError> {
        let job = Job::new(self.job.clone())?;
        let mut signed: BTreeMap<Address, BTreeSet<Digest>> = BTreeMap::new();
        for (number, statement) in (1..).zip(&self.statements) {
            let Statement { agreement, worker, result, signature } = statement.clone();
            let domain = domain_separator(self.chain, agreement, |bytes| keccak256(bytes).0);
            let result = SignedResult { result, signature };
            let verified = ResultSigner { domain, worker }.verify_signed(job.id(), &result);
            let (digest, _) = verified
                .map_err(|reason| EvidenceError::Statement { number, reason: Box::new(reason) })?;
            signed.entry(worker).or_default().insert(digest);
        }
        Ok((job, signed))
    }
}

/// The workers that are wrong: those that signed two different results, and those that signed another one than the `right` one,
/// if that is known.
#[must_use]
pub fn wrong_workers(
    signed: &BTreeMap<Address, BTreeSet<Digest>>,
    right: Option<Digest>,
) -> BTreeSet<Address> {
    let is_wrong = |digests: &BTreeSet<Digest>| {
        digests.len() > 1 || right.is_some_and(|right| digests.iter().any(|d| *d != right))
    };
    signed.iter().filter(|(_, digests)| is_wrong(digests)).map(|(worker, _)| *worker).collect()
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use alloy::signers::local::PrivateKeySigner;
    use muster_client::ResultSignature;
    use muster_compute::Outcome;

    use super::*;

    const AGREEMENT: Address = Address::repeat_byte(5);

    fn job() -> Job {
        Job::new(JobDocument::new(Digest::of(b"module"))).unwrap()
    }

    /// What a worker says that a job came to.
    fn statement(worker: &PrivateKeySigner, chain: u64, exit: u32) -> Statement {
        let (job, stdout, outputs) = (job().id(), Digest::of(b""), Vec::new());
        let result = JobResult { job, outcome: Outcome::Exit(exit), outputs, stdout };
        let domain = domain_separator(chain, AGREEMENT, |bytes| keccak256(bytes).0);
        let [job, digest] = [job, result.digest().unwrap()].map(|d| B256::new(*d.as_bytes()));
        let signature = ResultSignature::sign(worker, domain, job, digest).unwrap().to_string();
        Statement { agreement: AGREEMENT, worker: worker.address(), result, signature }
    }

    #[test]
    fn evidence_names_who_contradicts_itself_or_the_truth() {
        let [liar, forger, honest] = [(); 3].map(|()| PrivateKeySigner::random());
        let statements = vec![
            statement(&liar, 7, 0),
            statement(&liar, 7, 1),
            statement(&forger, 7, 2),
            statement(&honest, 7, 0),
        ];
        let evidence = Evidence { chain: 7, job: job().document().clone(), statements };
        let text = serde_json::to_string(&evidence).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
        let (checked, signed) = evidence.check().unwrap();
        assert_eq!(checked, job());
        assert_eq!(wrong_workers(&signed, None), [liar.address()].into());
        let right = evidence.statements[3].result.digest().ok();
        assert_eq!(wrong_workers(&signed, right), [liar.address(), forger.address()].into());
    }

    #[test]
    fn forged_statements_are_no_evidence() {
        let [worker, other] = [(); 2].map(|()| PrivateKeySigner::random());
        let good = statement(&worker, 7, 0);
        for bad in [
            Statement { worker: other.address(), ..good.clone() },
            Statement { agreement: Address::ZERO, ..good.clone() },
            Statement { signature: "0x".to_owned(), ..good.clone() },
            Statement {
                result: JobResult { outcome: Outcome::Trap, ..good.result.clone() },
                ..good.clone()
            },
            Statement {
                result: JobResult { job: Digest::of(b""), ..good.result.clone() },
                ..good.clone()
            },
            statement(&worker, 8, 0),
        ] {
            let job = job().document().clone();
            let evidence = Evidence { chain: 7, job, statements: vec![good.clone(), bad] };
            let error = evidence.check().unwrap_err();
            assert!(matches!(error, EvidenceError::Statement { number: 2, .. }), "{error}");
        }
    }
}
