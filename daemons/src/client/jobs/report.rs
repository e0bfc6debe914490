//! What came of a job.

use std::path::PathBuf;

use alloy::primitives::Address;
use muster_compute::{Digest, JobResult};

/// What came of a job.
#[derive(Clone, Debug)]
pub struct JobReport {
    /// The job.
    pub job: Digest,
    /// Whether the workers agree.
    pub verdict: Verdict,
    /// The result that is believed, if there is one. Its blobs are in the store.
    pub result: Option<JobResult>,
    /// What the program wrote to standard error where the result is from. It is not compared.
    pub stderr: Option<Digest>,
    /// Why the program trapped, if it did, in the words of an engine that has this result. It is not compared.
    pub trap: Option<String>,
    /// The workers that were asked, in the order of their answers.
    pub answers: Vec<JobAnswer>,
    /// The digest of the result of this machine, if it ran the job.
    pub local: Option<Digest>,
    /// The file with the signed results that contradict each other, if some do.
    pub evidence: Option<PathBuf>,
}

/// Whether the workers that were asked agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As many as were asked for signed the same result, and fewer signed others.
    Agreed,
    /// One result is believed, and fewer workers signed it than were asked for.
    TooFew,
    /// No result has a majority.
    Disputed,
    /// No worker signed a result.
    Unanswered,
}

/// What a worker made of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobAnswer {
    /// The worker's account.
    pub worker: Address,
    /// The digest of the result that it signed, or why there is none.
    pub result: Result<Digest, Box<str>>,
    /// Processor time in milliseconds, as the worker says.
    pub cpu_ms: Option<u64>,
}

impl JobReport {
    /// The workers that signed another result than the one that is believed.
    pub fn dissenters(&self) -> impl Iterator<Item = Address> {
        let believed = self.result.as_ref().and_then(|result| result.digest().ok());
        let others = self.answers.iter().filter(move |answer| {
            believed.is_some_and(|believed| answer.result.as_ref().is_ok_and(|d| *d != believed))
        });
        others.map(|answer| answer.worker)
    }
}
