//! One job at one worker.
//!
//! A job takes one moment of one key at a worker, as a tester's probe does, and all its requests are made under that key: the
//! post, the uploads, the waits, and the outputs. If the key's window ends before the job does, it takes a moment of a
//! key of the next window and goes on.

use std::collections::BTreeSet;
use std::sync::Arc;

use muster_compute::{Digest, Job};
use muster_job_api::ErrorCode;
use rand::seq::SliceRandom;
use tokio::select;
use tokio::time::{Duration, sleep, timeout};

use super::handle::Shared;
use super::outlook::Outlook;
use crate::client::traffic_key::Route;
use crate::job_client::{BlobSource, JobClient, JobEnd, JobFailure, VerifiedResult};
use crate::job_outputs::fetch_small_outputs;

/// The pause after the first failure of a job at a worker; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Failures in a row after which another worker is asked, if there is one: half a minute.
const ATTEMPTS: u32 = 8;

/// What a worker gets beside a multiple of a job's processor time: time to compile, and to let others go first.
const GRACE: Duration = Duration::from_mins(5);

/// How many times its processor time a job may take.
const TIME_FACTOR: u32 = 5;

/// A worker's answer to a job.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// The result.
    pub(super) verified: Box<VerifiedResult>,
    /// Uses the key under which it was received.
    pub(super) client: JobClient,
}

/// Why a worker has not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskFailure {
    /// There is no key for it: it has not accepted, has left, or its window is over.
    #[error("no key at this worker")]
    NoKey,
    /// It sends no endpoint.
    #[error("the worker sends no endpoint")]
    NoEndpoint,
    /// Its API failed or refused.
    #[error(transparent)]
    Job(#[from] JobFailure),
    /// It has no result, for a reason of its own.
    #[error("the worker has no result: {0}")]
    Unfinished(String),
    /// Somebody has cancelled the job there.
    #[error("the job was cancelled at the worker")]
    Cancelled,
    /// It has not answered in time.
    #[error("the worker has not answered in time")]
    TimedOut,
}

impl AskFailure {
    /// Whether another attempt would end in the same way.
    fn is_final(&self) -> bool {
        match self {
            Self::Unfinished(_) | Self::TimedOut => true,
            Self::NoKey | Self::NoEndpoint | Self::Cancelled => false,
            Self::Job(failure) => match failure {
                JobFailure::Refused(refusal) => matches!(
                    refusal.error,
                    ErrorCode::BadJob
                        | ErrorCode::BadModule
                        | ErrorCode::TooLarge
                        | ErrorCode::WrongDigest
                        | ErrorCode::NoSpace
                ),
                JobFailure::Malformed(_)
                | JobFailure::WrongBlob { .. }
                | JobFailure::WrongJob { .. }
                | JobFailure::WrongSignature(_)
                | JobFailure::Local(_) => true,
                _ => false,
            },
        }
    }

    /// Whether the worker only asks to come back later.
    fn is_back_pressure(&self) -> bool {
        let Self::Job(JobFailure::Refused(refusal)) = self else { return false };
        refusal.error == ErrorCode::TooManyJobs
    }
}

impl Shared {
    /// Has a worker run a job, and returns its verified answer. Failures that may pass are retried.
    pub(super) async fn ask(
        &self,
        job: &Job,
        index: u8,
        has_others: bool,
    ) -> Result<Answered, AskFailure> {
        let time = Duration::from_millis(job.document().limits.time);
        let default = time.saturating_mul(TIME_FACTOR).saturating_add(GRACE);
        let attempts = if has_others { ATTEMPTS } else { u32::MAX };
        let ask = self.ask_until_answered(job, index, attempts);
        let longest = self.options.timeout.unwrap_or(default);
        timeout(longest, ask).await.unwrap_or(Err(AskFailure::TimedOut))
    }

    /// [`Shared::ask`], without a timeout.
    async fn ask_until_answered(
        &self,
        job: &Job,
        index: u8,
        mut attempts: u32,
    ) -> Result<Answered, AskFailure> {
        let (mut route, mut pause) = (None, FIRST_PAUSE);
        loop {
            let failure = match self.route(route.take(), index) {
                None => AskFailure::NoKey,
                Some(current) => match self.attempt(job, &current).await {
                    Ok(answered) => return Ok(answered),
                    Err(failure) => {
                        route = Some(current);
                        failure
                    }
                },
            };
            let id = job.id();
            tracing::debug!(job = %id, worker = index, %failure, "job not answered");
            attempts = attempts.saturating_sub(u32::from(!failure.is_back_pressure()));
            let is_gone = matches!(failure, AskFailure::NoKey) && !self.may_serve(index).await;
            if failure.is_final() || is_gone || attempts == 0 {
                return Err(failure);
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// The key at a worker: the one that was used before while its window lasts, or another one.
    pub(super) fn route(&self, used: Option<Arc<Route>>, index: u8) -> Option<Arc<Route>> {
        let pool = &self.probe_context.pool;
        let now = self.probe_context.clock.now();
        let current = used.filter(|route| route.ticks.contains(&now));
        current.or_else(|| pool.write(|state| state.choose(index, now, rand::random())))
    }

    /// Whether a worker may get a key once more, as far as the chain can be asked.
    async fn may_serve(&self, index: u8) -> bool {
        let outlook = self.outlook(|other| other == index).await;
        !matches!(outlook, Ok(Outlook::Nobody | Outlook::Over))
    }

    /// Posts a job under a key, and waits for the answer until the key's window is over.
    async fn attempt(&self, job: &Job, route: &Route) -> Result<Answered, AskFailure> {
        let context = &self.probe_context;
        let endpoint = context.endpoint(route).await.ok_or(AskFailure::NoEndpoint)?;
        let client = context.job_client(route, endpoint.clone());
        let source = |blob: &Digest| BlobSource::File(self.options.blobs.path(blob));
        let run = async {
            client.submit(job, source).await?;
            client.wait(job.id()).await
        };
        let ended = select! {
            ended = run => ended,
            () = context.clock.wait_until(route.ticks.end) => return Err(AskFailure::NoKey),
        };
        match ended {
            Ok(received) => match received.body {
                JobEnd::Done(verified) => {
                    self.keep_outputs(&client, &verified).await?;
                    Ok(Answered { verified, client })
                }
                JobEnd::Unfinished(reason) => Err(AskFailure::Unfinished(reason)),
                JobEnd::Cancelled => Err(AskFailure::Cancelled),
            },
            Err(failure) => {
                if failure.is_of_endpoint() {
                    route.slot.forget(&endpoint);
                    context.report_failure(route, failure.status());
                }
                Err(failure.into())
            }
        }
    }

    /// Fetches small outputs from every worker, as testers do, and keeps them. A worker that does not send them is asked again
    /// if its result is believed.
    async fn keep_outputs(
        &self,
        client: &JobClient,
        verified: &VerifiedResult,
    ) -> Result<(), JobFailure> {
        match fetch_small_outputs(client, &verified.result, None, verified.stderr).await {
            Ok(outputs) => {
                for output in outputs {
                    self.options.blobs.put(&output)?;
                }
            }
            Err(failure) => {
                tracing::warn!(job = %verified.result.job, %failure, "outputs not fetched");
            }
        }
        Ok(())
    }

    /// The next worker for a job: of those that serve and were not asked, one of those with the fewest jobs at random. No worker
    /// knows before whom it is compared with.
    pub(super) fn next_worker(&self, asked: &BTreeSet<u8>) -> Option<u8> {
        let now = self.probe_context.clock.now();
        let mut serving = self.probe_context.pool.read(|state| state.by_preference(now));
        serving.shuffle(&mut rand::rng());
        let load = self.load();
        let jobs = |index: &u8| load.get(index).copied().unwrap_or_default();
        serving.into_iter().filter(|index| !asked.contains(index)).min_by_key(jobs)
    }
}
