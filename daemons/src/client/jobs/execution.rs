//! One job, from the first worker to the verdict.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use muster_compute::{Execution, Job};
use tokio::select;
use tokio::time::{Duration, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::attempts::{Answered, AskFailure};
use super::course::Course;
use super::error::JobsError;
use super::handle::{JobRequest, Jobs, Shared};
use super::outlook::Outlook;
use super::report::JobReport;
use crate::failpoint::fail_point;
use crate::store::{StoredAnswer, StoredJob};
use crate::unix_time::unix_now;

/// The pause before a job looks again for workers that have not accepted yet.
const PAUSE: Duration = Duration::from_millis(500);

impl Jobs {
    /// Runs a job: sends it to workers until as many as were asked for have signed the same result, fetches what it left,
    /// and returns the report. A job that was run before goes on where it was. Dropping the future interrupts it.
    ///
    /// # Errors
    /// [`JobsError`]; [`JobsError::Ended`] if the agreement is over and no worker has answered.
    pub async fn run(&self, request: JobRequest) -> Result<JobReport, JobsError> {
        let shared = &*self.0;
        shared.record(&request)?;
        let _permit = shared.permits.acquire().await;
        let job = &request.job;
        let mut course = shared.resume(job)?;
        let mut local = shared.start_local(&request);
        let replicas = usize::from(request.replicas.max(1));
        let mut is_over = shared.ask_workers(job, replicas, &mut course).await?;
        if let Some(local) = local.take() {
            let ended =
                local.await.map_err(|error| JobsError::Run(std::io::Error::other(error).into()));
            course.local = Some(ended??);
            is_over |= shared.ask_workers(job, replicas, &mut course).await?;
        }
        let has_answer = course.signed.iter().any(|(answer, _)| answer.result.is_some());
        if is_over && !has_answer && course.local.is_none() {
            return Err(JobsError::Ended(job.id()));
        }
        shared.conclude(job, replicas, course).await
    }
}

impl Shared {
    /// Stores a job before anybody hears of it.
    fn record(&self, request: &JobRequest) -> Result<(), JobsError> {
        fail_point!("job/pending");
        let (document, label) = (request.job.canonical().to_vec(), request.label.clone());
        let id = request.job.id();
        let created = unix_now();
        self.store().record_job(&StoredJob {
            id,
            document,
            label,
            created,
            is_cancelled: false,
            result: None,
        })?;
        fail_point!("job/stored");
        Ok(())
    }

    /// What workers have signed in earlier runs.
    fn resume(&self, job: &Job) -> Result<Course, JobsError> {
        let mut course = Course::default();
        for answer in self.store().job_answers(job.id())? {
            if answer.result.is_none() {
                continue;
            }
            course.asked.extend(self.index_of(answer.worker));
            course.signed.push((answer, None));
        }
        Ok(course)
    }

    /// Starts a job on this machine, if it is to be compared with that.
    fn start_local(
        &self,
        request: &JobRequest,
    ) -> Option<AbortOnDropHandle<Result<Execution, JobsError>>> {
        let local = self.options.local.clone().filter(|_| request.verify_here)?;
        let job = request.job.clone();
        Some(AbortOnDropHandle::new(tokio::spawn(async move { local.run(&job).await })))
    }

    /// Asks workers until a result is agreed or nobody is left; returns whether the agreement is over.
    async fn ask_workers(
        &self,
        job: &Job,
        replicas: usize,
        course: &mut Course,
    ) -> Result<bool, JobsError> {
        let redundancy = usize::from(self.probe_context.pool.agreement.terms().header.redundancy);
        let mut asks = FuturesUnordered::new();
        loop {
            let missing = course.votes().missing(replicas);
            while asks.len() < missing
                && let Some(index) = self.next_worker(&course.asked)
            {
                course.asked.insert(index);
                self.record_asked(job, index)?;
                let has_others = redundancy > replicas;
                asks.push(async move {
                    let _count = self.count(index);
                    (index, self.ask(job, index, has_others).await)
                });
            }
            if missing == 0 {
                return Ok(false);
            }
            let is_short = asks.len() < missing;
            if asks.is_empty() {
                match self.outlook(|index| !course.asked.contains(&index)).await? {
                    Outlook::Wait => sleep(PAUSE).await,
                    Outlook::Nobody => return Ok(false),
                    Outlook::Over => return Ok(true),
                }
                continue;
            }
            select! {
                Some((index, answer)) = asks.next() => self.take_answer(job, index, answer, course)?,
                () = sleep(PAUSE), if is_short => {}
            }
        }
    }

    /// Stores that a worker is asked, before it is.
    fn record_asked(&self, job: &Job, index: u8) -> Result<(), JobsError> {
        fail_point!("ask/pending");
        let (worker, agreement) = self.parties(index);
        self.store().record_job_answer(job.id(), &StoredAnswer::asked(worker, agreement))?;
        fail_point!("ask/stored");
        Ok(())
    }

    /// Stores an answer before it counts.
    fn take_answer(
        &self,
        job: &Job,
        index: u8,
        answer: Result<Answered, AskFailure>,
        course: &mut Course,
    ) -> Result<(), JobsError> {
        let (worker, agreement) = self.parties(index);
        let id = job.id();
        match answer {
            Ok(Answered { verified, client }) => {
                tracing::info!(job = %id, %worker, result = %verified.digest, "job answered");
                fail_point!("answer/pending");
                let result = Some((verified.result, verified.signature));
                let (stderr, cpu_ms, trap) = (verified.stderr, verified.cpu_ms, verified.trap);
                let asked = StoredAnswer::asked(worker, agreement);
                let answer = StoredAnswer { result, stderr, cpu_ms, trap, ..asked };
                self.store().record_job_answer(id, &answer)?;
                fail_point!("answer/stored");
                course.signed.push((answer, Some(client)));
            }
            Err(failure) => {
                tracing::warn!(job = %id, %worker, %failure, "job not answered");
                let failure = failure.to_string();
                let asked = StoredAnswer::asked(worker, agreement);
                let failed = StoredAnswer { failure: Some(failure.clone()), ..asked };
                self.store().record_job_answer(id, &failed)?;
                course.failed.push((worker, failure.into()));
            }
        }
        Ok(())
    }
}
