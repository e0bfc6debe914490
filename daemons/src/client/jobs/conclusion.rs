//! The end of a job: the verdict, the outputs of the result that is believed, and evidence against who signed another one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_compute::{Digest, Job};

use super::course::Course;
use super::error::JobsError;
use super::evidence::{Evidence, Statement};
use super::handle::Shared;
use super::outputs::Source;
use super::report::{JobReport, Verdict};
use crate::failpoint::fail_point;
use crate::job_client::JobClient;
use crate::store::StoredAnswer;

impl Shared {
    /// Makes the report of a job, with the outputs of the result that is believed.
    pub(super) async fn conclude(
        &self,
        job: &Job,
        replicas: usize,
        course: Course,
    ) -> Result<JobReport, JobsError> {
        let votes = course.votes();
        let leader = votes.leader();
        let verdict = match leader {
            Some(_) if votes.agreed(replicas).is_some() => Verdict::Agreed,
            Some(_) => Verdict::TooFew,
            None if votes.is_empty() => Verdict::Unanswered,
            None => Verdict::Disputed,
        };
        let evidence = self.keep_evidence(job, &course)?;
        let result = leader.and_then(|digest| course.result(digest));
        let mut stderr = None;
        if let Some(result) = &result {
            let sources = self.sources(&course, leader);
            stderr = self.fetch_outputs(job, result, &sources).await?;
        }
        if let Some(local) = &course.local {
            stderr = Some(self.options.blobs.put(&local.stderr)?);
        }
        if let Some(result) = result.as_ref().filter(|_| verdict == Verdict::Agreed) {
            fail_point!("result/pending");
            self.store().record_job_result(job.id(), result)?;
            fail_point!("result/stored");
        }
        let trap = leader.and_then(|digest| course.trap(digest));
        let (answers, local) = (course.answers(), course.local_digest());
        Ok(JobReport { job: job.id(), verdict, result, stderr, trap, answers, local, evidence })
    }

    /// The workers of this agreement that signed a result.
    fn sources(&self, course: &Course, digest: Option<Digest>) -> Vec<Source> {
        let source = |(answer, client): &(StoredAnswer, Option<JobClient>)| {
            let (result, _) = answer.result.as_ref()?;
            let index = self.index_of(answer.worker)?;
            let (client, stderr) = (client.clone(), answer.stderr);
            (result.digest().ok() == digest).then_some(Source { index, client, stderr })
        };
        course.signed.iter().filter_map(source).collect()
    }

    /// Writes what workers signed to a file, if some signed different results or another one than this machine has.
    fn keep_evidence(&self, job: &Job, course: &Course) -> Result<Option<PathBuf>, JobsError> {
        if !course.votes().is_disputed() {
            return Ok(None);
        }
        let statements = course.signed.iter().filter_map(|(answer, _)| {
            let (result, signature) = answer.result.clone()?;
            let StoredAnswer { agreement, worker, .. } = *answer;
            Some(Statement { agreement, worker, result, signature: signature.to_string() })
        });
        let chain = self.probe_context.pool.agreement.market().node().chain_id();
        let (job, id) = (job.document().clone(), job.id());
        let evidence = Evidence { chain, job, statements: statements.collect() };
        let path = self.options.evidence.join(format!("evidence-{id}.json"));
        write_evidence(&path, &evidence)
            .map_err(|source| JobsError::Write { path: path.clone(), source })?;
        Ok(Some(path))
    }
}

/// Writes a file that is whole or not there.
fn write_evidence(path: &Path, evidence: &Evidence) -> io::Result<()> {
    let text = serde_json::to_string_pretty(evidence)?;
    let part = path.with_extension("part");
    fs::write(&part, text)?;
    fs::rename(part, path)
}
