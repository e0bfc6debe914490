//! Jobs that are ready to be posted to one worker in one window. Their references are known before a probe's moment, so that
//! nothing delays it.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::B256;
use muster_messaging::{SAMPLE_LIMIT, SampleInfo, SampleList};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio_util::task::AbortOnDropHandle;

use super::reference_runner::{ReferenceJob, ReferenceRunner};
use super::reference_service::{ReferenceCheck, ReferenceService};

/// The most samples of each kind that are kept; older ones make room.
const MAX_POOLED: usize = 3;

/// What the worker may know of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobKind {
    /// It has not seen it.
    Unseen,
    /// The client has sent it, perhaps to this worker.
    Sent,
}

/// The jobs for one worker in one window.
#[derive(Debug)]
pub(super) struct JobPool {
    /// Computes references.
    runner: ReferenceRunner,
    /// The client's jobs.
    samples: Mutex<Samples>,
    /// The next synthetic job.
    synthetic: tokio::sync::Mutex<Option<AbortOnDropHandle<Option<ReferenceJob>>>>,
}

/// The client's jobs.
#[derive(Debug, Default)]
struct Samples {
    /// Those that the worker has not seen, the newest last.
    unseen: Vec<ReferenceJob>,
    /// Those that the client has sent, the newest last.
    sent: Vec<ReferenceJob>,
    /// The ids of all that were ever chosen, and of the checks of services.
    chosen: HashSet<B256>,
    /// The checks of the client's service.
    service: Option<ReferenceService>,
}

impl JobPool {
    /// A pool without jobs.
    pub(super) fn new(runner: ReferenceRunner) -> Self {
        Self { runner, samples: Mutex::default(), synthetic: tokio::sync::Mutex::default() }
    }

    /// Prepares the first synthetic job.
    pub(super) async fn prepare(&self) {
        self.synthetic.lock().await.get_or_insert_with(|| self.synthesize());
    }

    /// Takes a job for a probe: a sample of this kind. Without one, a job that the worker has not seen, which is a synthetic one
    /// if need be. `None` if this machine cannot run jobs.
    pub(super) async fn take(&self, kind: JobKind) -> Option<ReferenceJob> {
        if let Some(sample) = self.take_sample(kind) {
            metrics::counter!("muster_tester_jobs_total", "source" => "sample").increment(1);
            return Some(sample);
        }
        metrics::counter!("muster_tester_jobs_total", "source" => "synthetic").increment(1);
        let mut next = self.synthetic.lock().await;
        let synthetic = next.take().unwrap_or_else(|| self.synthesize());
        let job = synthetic.await.ok().flatten();
        *next = Some(self.synthesize());
        job
    }

    /// Takes the newest sample for a probe of this kind.
    fn take_sample(&self, kind: JobKind) -> Option<ReferenceJob> {
        let mut samples = self.samples();
        let sent = if kind == JobKind::Sent { samples.sent.pop() } else { None };
        sent.or_else(|| samples.unseen.pop())
    }

    /// Chooses the next sample to fetch: the first in the client's list that was not chosen before, of the kind that there is
    /// less of.
    pub(super) fn choose(&self, list: &SampleList) -> Option<(JobKind, SampleInfo)> {
        let mut samples = self.samples();
        let mut kinds = [(JobKind::Unseen, &list.unseen), (JobKind::Sent, &list.sent)];
        if samples.sent.len() < samples.unseen.len() {
            kinds.reverse();
        }
        let is_new =
            |info: &&SampleInfo| info.size <= SAMPLE_LIMIT && !samples.chosen.contains(&info.job);
        let mut new =
            kinds.iter().filter_map(|(kind, list)| Some((*kind, *list.iter().find(is_new)?)));
        let chosen = new.next()?;
        samples.chosen.insert(chosen.1.job);
        Some(chosen)
    }

    /// Adds a sample.
    pub(super) fn add(&self, kind: JobKind, job: ReferenceJob) {
        let mut samples = self.samples();
        let of_kind = match kind {
            JobKind::Unseen => &mut samples.unseen,
            JobKind::Sent => &mut samples.sent,
        };
        if of_kind.len() >= MAX_POOLED {
            of_kind.remove(0);
        }
        of_kind.push(job);
    }

    /// Chooses the checks of a service to fetch; returns whether they are new.
    pub(super) fn choose_service(&self, info: &SampleInfo) -> bool {
        info.size <= SAMPLE_LIMIT && self.samples().chosen.insert(info.job)
    }

    /// Notes that the checks of a service could not be fetched, and can be chosen again.
    pub(super) fn forget_service(&self, info: &SampleInfo) {
        self.samples().chosen.remove(&info.job);
    }

    /// Adds the checks of the client's service, in place of those of an earlier one.
    pub(super) fn add_service(&self, service: ReferenceService) {
        self.samples().service = Some(service);
    }

    /// A check of the client's service for a probe of this kind, if there is one. Where the client has sent jobs too, every other
    /// probe gets none.
    pub(super) fn service_check(&self, kind: JobKind) -> Option<ReferenceCheck> {
        let samples = self.samples();
        let is_due = kind == JobKind::Sent && (samples.sent.is_empty() || rand::random());
        samples.service.as_ref().filter(|_| is_due)?.choose()
    }

    /// The client's jobs.
    fn samples(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to prepare a synthetic job.
    fn synthesize(&self) -> AbortOnDropHandle<Option<ReferenceJob>> {
        let runner = self.runner.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            let failed = |error: &_| tracing::error!(%error, "no job for a probe; not probing");
            runner.synthetic().await.inspect_err(failed).ok()
        }))
    }
}

/// What the worker may know of the job of each of `count` probes: at least half of them are unseen, and a secret says which.
pub(super) fn kinds(seed: B256, count: usize) -> Vec<JobKind> {
    let sent = count.checked_div(2).unwrap_or_default();
    let kind = |number| if number < sent { JobKind::Sent } else { JobKind::Unseen };
    let mut kinds: Vec<_> = (0..count).map(kind).collect();
    kinds.shuffle(&mut StdRng::from_seed(seed.0));
    kinds
}

#[cfg(test)]
mod tests;
