//! What a job has come to so far.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use muster_compute::{Digest, Execution, JobResult};

use super::report::JobAnswer;
use super::vote::Votes;
use crate::job_client::JobClient;
use crate::store::StoredAnswer;

/// What a job has come to so far.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The workers of this agreement that were asked.
    pub(super) asked: BTreeSet<u8>,
    /// What each worker signed, and the client that has received it.
    pub(super) signed: Vec<(StoredAnswer, Option<JobClient>)>,
    /// The workers that have not answered, and why.
    pub(super) failed: Vec<(Address, Box<str>)>,
    /// The result of this machine.
    pub(super) local: Option<Execution>,
}

impl Course {
    /// The digest of the result of this machine.
    pub(super) fn local_digest(&self) -> Option<Digest> {
        self.local.as_ref().and_then(|local| local.result.digest().ok())
    }

    /// The votes so far: one for each account.
    pub(super) fn votes(&self) -> Votes {
        let mut accounts = BTreeSet::new();
        let signed = self.signed.iter().filter_map(|(answer, _)| {
            let digest = answer.result.as_ref()?.0.digest().ok()?;
            accounts.insert(answer.worker).then_some(digest)
        });
        Votes::new(signed, self.local_digest())
    }

    /// A result with this digest.
    pub(super) fn result(&self, digest: Digest) -> Option<JobResult> {
        let signed = self.signed.iter().filter_map(|(answer, _)| answer.result.as_ref());
        let results = signed.map(|(result, _)| result);
        let mut results = results.chain(self.local.iter().map(|local| &local.result));
        results.find(|result| result.digest().ok() == Some(digest)).cloned()
    }

    /// Why the program trapped, as those say that have the result with this digest, this machine first.
    pub(super) fn trap(&self, digest: Digest) -> Option<String> {
        let local = self.local.iter().map(|local| (&local.result, &local.trap));
        let signed = self.signed.iter().filter_map(|(answer, _)| {
            let (result, _) = answer.result.as_ref()?;
            Some((result, &answer.trap))
        });
        let mut same =
            local.chain(signed).filter(|(result, _)| result.digest().ok() == Some(digest));
        same.find_map(|(_, trap)| trap.clone())
    }

    /// The workers as the report names them.
    pub(super) fn answers(&self) -> Vec<JobAnswer> {
        let signed = self.signed.iter().filter_map(|(answer, _)| {
            let digest = answer.result.as_ref()?.0.digest().ok()?;
            let StoredAnswer { worker, cpu_ms, .. } = *answer;
            Some(JobAnswer { worker, result: Ok(digest), cpu_ms })
        });
        let failed = self.failed.iter().map(|(worker, reason)| JobAnswer {
            worker: *worker,
            result: Err(reason.clone()),
            cpu_ms: None,
        });
        signed.chain(failed).collect()
    }
}
