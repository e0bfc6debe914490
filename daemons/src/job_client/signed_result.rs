//! Results, and the signatures of workers for them.

use alloy::primitives::{Address, B256};
use muster_client::ResultSignature;
use muster_compute::{Digest, JobResult, Outcome};
use muster_job_api::{JobStatus, SignedResult};

use super::failure::{JobFailure, printable};

/// Who signs results, and in which domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResultSigner {
    /// The domain of the agreement's receipts.
    pub(crate) domain: B256,
    /// The worker's account.
    pub(crate) worker: Address,
}

/// A result that belongs to its job and is signed by its worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerifiedResult {
    /// The result.
    pub(crate) result: JobResult,
    /// Its digest, which is what workers are compared by.
    pub(crate) digest: Digest,
    /// The worker's signature.
    pub(crate) signature: ResultSignature,
    /// The blob of standard error, if the worker has it.
    pub(crate) stderr: Option<Digest>,
    /// Processor time in milliseconds, as the worker says.
    pub(crate) cpu_ms: Option<u64>,
    /// Why the program trapped, as the worker says.
    pub(crate) trap: Option<String>,
}

impl ResultSigner {
    /// Verifies the result of a job that is done.
    pub(super) fn verify(
        &self,
        job: Digest,
        status: JobStatus,
    ) -> Result<VerifiedResult, JobFailure> {
        let signed = status.result.ok_or(JobFailure::Malformed("the result of a job"))?;
        let (digest, signature) = self.verify_signed(job, &signed)?;
        let JobStatus { stderr, cpu_ms, trap, .. } = status;
        let result = signed.result;
        let trap = trap.filter(|_| result.outcome == Outcome::Trap).map(|text| printable(&text));
        Ok(VerifiedResult { result, digest, signature, stderr, cpu_ms, trap })
    }

    /// Verifies that a signed result is this job's and this worker's, and returns its digest.
    ///
    /// # Errors
    /// [`JobFailure::WrongJob`], [`JobFailure::WrongSignature`], [`JobFailure::Malformed`] for a result that is not in
    /// canonical order.
    pub(crate) fn verify_signed(
        &self,
        job: Digest,
        signed: &SignedResult,
    ) -> Result<(Digest, ResultSignature), JobFailure> {
        let SignedResult { result, signature } = signed;
        if result.job != job {
            return Err(JobFailure::WrongJob { expected: job, actual: result.job });
        }
        let digest = result.digest().map_err(|_| JobFailure::Malformed("a canonical result"))?;
        let wrong = JobFailure::WrongSignature(self.worker);
        let Ok(signature) = signature.parse::<ResultSignature>() else { return Err(wrong) };
        let [job, hash] = [job, digest].map(|digest| B256::new(*digest.as_bytes()));
        if signature.signer(self.domain, job, hash) == Some(self.worker) {
            Ok((digest, signature))
        } else {
            Err(wrong)
        }
    }
}
